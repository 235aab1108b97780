"""The leaf of the kernel: rules that need neither Flask nor a database."""
