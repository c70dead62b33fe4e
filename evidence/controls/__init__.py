"""The requirements: what is asked, which frameworks' ids it bears on, and when makers end their support."""
