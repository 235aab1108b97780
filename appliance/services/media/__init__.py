"""What people send: its kind is told by its content, its name is made harmless, pictures are drawn anew."""
