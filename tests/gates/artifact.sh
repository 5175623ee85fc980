#!/usr/bin/env bash
# Build the collection, import it as Galaxy does, install it into an empty path and show the documentation of everything in it.
. "$(dirname "$0")/common.sh"
work=$BUILD/artifact
rm -rf "$work"
mkdir -p "$work/installed"
copy_tree "$work/tree"

ansible-galaxy collection build --output-path "$work" "$TREE"
artifact=$(echo "$work"/*.tar.gz)
tar -tzf "$artifact" >"$work/contents"
if grep -E '^(build|bench|molecule|\.)' "$work/contents"; then
  echo "the artifact holds files that do not belong in it" >&2
  exit 1
fi

echo "-- import"
(
  cd "$work" || exit
  # The import resolves no other collection, so it must not see the checkout.
  unset ANSIBLE_COLLECTIONS_PATH
  GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER=true GALAXY_IMPORTER_CHECK_REQUIRED_TAGS=true python -m galaxy_importer.main "$artifact"
) 2>&1 | tee "$work/import.log"
if grep -E '^(WARNING|ERROR|CRITICAL):' "$work/import.log" >"$work/import.problems"; then
  echo "$(wc -l <"$work/import.problems") problem(s) found by the import; see above" >&2
  exit 1
fi
grep -q '^Importer processing completed successfully' "$work/import.log"

echo "-- install"
export ANSIBLE_COLLECTIONS_PATH=$work/installed
ansible-galaxy collection install --offline --no-deps -p "$work/installed" "$artifact"

shown=0
for type in module connection filter; do
  while read -r name _; do
    ansible-doc -t "$type" "$name" >/dev/null
    shown=$((shown + 1))
  done < <(ansible-doc -t "$type" --list netloom.container_net)
done
while read -r name _; do
  ansible-doc -t role -r "$work/installed/ansible_collections/netloom/container_net/roles" "$name" >/dev/null
  shown=$((shown + 1))
done < <(ansible-doc -t role --list netloom.container_net)
files=$(find "$work/installed/ansible_collections/netloom/container_net/plugins/modules" -name '*.py' ! -name '__init__.py' | wc -l)
echo "documentation shown of $shown plugins and roles, $files modules among them"
[ "$shown" -ge "$files" ] && [ "$files" -gt 0 ]
