"""What a model may be taught from: texts found, held to rules, divided, and made into samples."""
