"""Pages: views, forms, templates, static files and the event stream."""
