"""Reports over sealed evidence."""
