"""The real Chromium on the real server: what people see, press and are not shown."""
