"""The least that a server of ours can be: Flask's hello under waitress, with
the threads that a site has. Prints its port."""

import sys

import flask
import waitress

app = flask.Flask(__name__)


@app.get("/")
def hello() -> str:
    return "hello"


if __name__ == "__main__":
    server = waitress.create_server(
        app, host="127.0.0.1", port=0, threads=int(sys.argv[1])
    )
    print(server.effective_port, flush=True)
    server.run()
