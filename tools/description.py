"""Join the files of the OpenAPI description, for the sites to read."""

import pathlib

from fakeserver.api import description_files

if __name__ == "__main__":
    file = pathlib.Path(str(description_files.FILE))
    file.write_text(description_files.document(), encoding="utf-8")
