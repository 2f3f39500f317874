#!/usr/bin/env bash
# Refuse files above 10 MB: `scripts/check_size.sh FILE…`.
limit_bytes=10000000
status=0
for file in "$@"; do
    [ -f "$file" ] && [ "$(wc -c <"$file")" -gt "$limit_bytes" ] || continue
    echo "$file is larger than 10 MB; keep large files out of the repository." >&2
    status=1
done
exit "$status"
