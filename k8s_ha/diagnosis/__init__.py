"""What a diagnosis is made of: parts that hosts told, without secrets, and words about them. Values in, values out."""
