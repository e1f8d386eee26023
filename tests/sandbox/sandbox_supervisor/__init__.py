"""What runs inside a sandbox's namespaces. A package of its own with few imports: every server forks from it."""
