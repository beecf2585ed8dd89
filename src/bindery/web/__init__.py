"""The pages for people with a browser. They ask the gateway, as every caller does."""
