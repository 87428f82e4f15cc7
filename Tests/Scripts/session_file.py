"""Writes a sessions file (the first version of its schema) for scripts that need a conversation of known content."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

SCHEMA = """
CREATE TABLE session (id TEXT NOT NULL PRIMARY KEY, title TEXT, model TEXT, systemPrompt TEXT, head INTEGER,
  created REAL NOT NULL, saved REAL NOT NULL, version INTEGER NOT NULL);
CREATE INDEX sessionBySaved ON session (saved);
CREATE TABLE message (session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE, place INTEGER NOT NULL,
  parent INTEGER, chosen INTEGER, role TEXT NOT NULL, content TEXT NOT NULL, reasoning TEXT NOT NULL,
  reasoningTime REAL, model TEXT, finish TEXT, statistics TEXT, PRIMARY KEY (session, place));
"""


def write(path: Path, sessions: dict[str, list[tuple[str, str]]], model: str | None = None) -> None:
    """`sessions` has the messages (role, content) of each session by its identifier, the latest session last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        database.execute(f"PRAGMA application_id = {0x536F7474}")
        database.execute("PRAGMA user_version = 1")
        for index, (name, messages) in enumerate(sessions.items()):
            now = time.time() - 60 * (len(sessions) - index)
            database.execute("INSERT INTO session VALUES (?, ?, ?, NULL, ?, ?, ?, 1)",
                             (name, None, model, len(messages) - 1, now, now))
            for place, (role, content) in enumerate(messages):
                parent = place - 1 if place else None
                chosen = place + 1 if place + 1 < len(messages) else None
                answer = role == "assistant"
                statistics = {"promptTokens": 412, "reusedTokens": 371, "generatedTokens": 90, "contextUsed": 502,
                              "timeToFirstToken": 0.03, "tokensPerSecond": 131.0}
                database.execute(
                    "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, '', NULL, ?, ?, ?)",
                    (name, place, parent, chosen, role, content, model if answer else None,
                     "stop" if answer else None, json.dumps(statistics) if answer else None))
    database.close()
