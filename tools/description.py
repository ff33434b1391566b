"""Join the files of the OpenAPI description, for the sites to read."""

import pathlib

from fakeserver.api import description_files

if __name__ == "__main__":
    with pathlib.Path(str(description_files.FILE)).open("w") as file:
        file.write(description_files.document())
