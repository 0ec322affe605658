"""A guestbook on port 8080, in one SQLite file. GET / lists the entries; POST / adds the body as one."""

import json
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

DATABASE = sys.argv[1]


def query(statement, *values):
    with sqlite3.connect(DATABASE) as database:
        database.execute("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        return database.execute(statement, values).fetchall()


class Guestbook(BaseHTTPRequestHandler):
    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer([text for (text,) in query("SELECT text FROM entries ORDER BY id")])

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        query("INSERT INTO entries (text) VALUES (?)", text)
        self.answer({"added": text})

    def log_message(self, *_arguments):
        pass


query("SELECT 1")
HTTPServer(("", 8080), Guestbook).serve_forever()
