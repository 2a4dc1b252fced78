"""Tasks as code: files of tasks, and other systems' files, into the database; the database into files."""
