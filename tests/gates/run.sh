#!/usr/bin/env bash
# run.sh GATE...: run gates in order; stop at the first that fails; end with a summary.
. "$(dirname "$0")/common.sh"

passed=0 skipped=0 failed=0 summary=()
for gate in "$@"; do
  printf '\n== %s\n' "$gate"
  rm -f "$BUILD/skip-reason"
  started=$SECONDS status=0
  bash "tests/gates/$gate.sh" </dev/null || status=$?
  took=$((SECONDS - started))
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    line="passed   $gate (${took} s)"
  elif [ "$status" = 77 ] && [ -s "$BUILD/skip-reason" ]; then
    skipped=$((skipped + 1))
    line="skipped  $gate: $(cat "$BUILD/skip-reason")"
  else
    failed=$((failed + 1))
    line="FAILED   $gate (${took} s, exit status $status)"
  fi
  printf '== %s\n' "$line"
  summary+=("$line")
  [ "$failed" = 0 ] || break
done

printf '\n== summary (%s s)\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
[ "$failed" = 0 ] || printf 'stopped at the first failing gate; %s not run\n' "$(($# - passed - skipped - failed))"
printf 'gates: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
