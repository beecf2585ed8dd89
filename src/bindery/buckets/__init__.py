"""Object stores and local folders behind one small interface."""
