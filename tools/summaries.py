"""Write the table of commands that help and completion read, anew."""

from protectorclient.osc.script import app, summaries

if __name__ == "__main__":
    summaries.FILE.write_text(
        summaries.document(app.ProtectorShell()), encoding="utf-8"
    )
