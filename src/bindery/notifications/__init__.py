"""What Bindery tells others: messages in the vendor's envelope, to the destinations of the configuration."""
