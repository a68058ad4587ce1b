"""What stands after the last change, and where a fault lies. Values in, values out."""
