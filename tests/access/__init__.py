"""Who may see and do what, asked of every route: new features are covered as soon as they declare an address."""
