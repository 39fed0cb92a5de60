"""Types and values: as declared, as converted, and as text in a file stands for them."""
