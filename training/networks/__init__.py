"""The families of networks, what they are built of, their weights files and their export."""
