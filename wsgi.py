"""What a WSGI server imports: `gunicorn wsgi:app`, `flask --app wsgi run`."""

from okichat.on_demand import on_demand

with on_demand("limits.aio"):  # for servers that await; this app has threads
    from okichat.factory import configure_logging, create_app

configure_logging()
app = create_app()
