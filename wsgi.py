"""What a WSGI server imports: `gunicorn wsgi:app`, `flask --app wsgi run`."""

from okichat.factory import configure_logging, create_app

configure_logging()
app = create_app()
