"""The benchmarks: `make bench`, or `python -m bench [--only NAME] [--quick] [--profile]`.

How to read the table. Each line sets something of ours beside a floor that was measured in the same run, on the same
machine, in turns with it: the least that could answer at all. `ratio` says how many times the floor we take, so less is
better and 1 is perfect. Seconds depend on the machine and on its other work; ratios hardly do, so compare ratios.

submissions   eight clients send filled-in request forms to gunicorn, as in production. `bare page`: one Flask route on the
              same server for the same clients. `insert + commit`: eight threads that each put one small row into the same
              kind of database, with the same durability. The clients share the processors with what they measure, so the
              bare page could do more than its line says.
queue         the page that staff work from, with few and with many cases, in one process. `bare page`: a table of 25 rows
              from a template, without a database. The number of SQL statements must not grow with the cases: if it
              does, the exit code is 1.
receipt       one sheet, cold (a fresh process from start to end) and warm. `bare sheet`: WeasyPrint with one line of text
              in the same font. Signed, as owners get it: painted, signed and checked. `same HTML, WeasyPrint`: the receipt's
              own HTML, style and fonts through the library as it comes, neither archival nor tagged nor signed.
evidence      on PostgreSQL. Files as the worker builds them, masked, hashed and kept in sealed pieces. `COPY`: the statement
              that gives their rows, written to nowhere by the database itself. The check of the log, with its key.
              `SHA-256`: the hash of each event, its bytes at hand; `read + SHA-256`: the same with reading them. Pages of
              reports, beside the same pages with few cases. `memory`: by how much the process grew at its height. Cases are
              copied by the database from a thousand that went through the stories; those of the file and of the check have
              their whole log, the rest of the million only the events that lists of removals read.

`what limits it` is measured as well: processor time, statements and commits of one operation. "others" are processes that
do not belong to the run; a run with much of them is worth repeating. The same figures, and more, go as JSON to
`bench/results/`, without names of machines or folders.
"""
