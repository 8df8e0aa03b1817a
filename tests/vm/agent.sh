#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs commands for the harness: agent.sh PORT
#   in:  base64(command)
#   out: exit-code base64(stdout) base64(stderr)
# The output goes through files, so that a daemon left behind by a command does
# not keep the answer back; new files each time, so that it does not write into
# the answer of a later one.
dir=/run/agent/${1##*/}
mkdir -p "$dir"
exec 3<>"$1"
while IFS= read -r line <&3; do
	rm -f "$dir"/*
	base64 -d <<<"$line" >"$dir/command"
	bash "$dir/command" </dev/null >"$dir/out" 2>"$dir/err" 3>&-
	code=$?
	{
		printf '%s ' "$code"
		base64 -w0 "$dir/out"
		printf ' '
		base64 -w0 "$dir/err"
		echo
	} >&3
done
