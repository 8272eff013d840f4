#!/bin/sh
# Make .venv/bin/renkei: the command, run from this checkout without installing it.
cat > .venv/bin/renkei <<'END'
#!/bin/sh
root=$(cd "$(dirname "$0")/../.." && pwd)
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "$root/.venv/bin/python" -m renkei.run.cli "$@"
END
chmod +x .venv/bin/renkei
