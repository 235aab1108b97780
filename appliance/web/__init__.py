"""The shell: sessions, headers, errors, forms and pages; it knows no feature."""
