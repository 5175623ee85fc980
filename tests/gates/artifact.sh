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
  # The gate ansible-lint checks the same files by the same profile and more rules.
  export GALAXY_IMPORTER_RUN_ANSIBLE_LINT=false
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

# show TYPE ARGUMENT...: the documentation of all of that type, each below a heading; what cannot be read has none.
shown=0
show() {
  local names headings
  mapfile -t names < <(ansible-doc -t "$@" --list netloom.container_net | sed -n 's/^\(netloom[^ :]*\).*/\1/p')
  [ "${#names[@]}" -gt 0 ]
  headings=$(ansible-doc -t "$@" "${names[@]}" | grep -c '^> ')
  [ "$headings" = "${#names[@]}" ] || { echo "$1: ${#names[@]} are listed, and the documentation of $headings is shown" >&2; exit 1; }
  shown=$((shown + headings))
}
show module
files=$(find "$work/installed/ansible_collections/netloom/container_net/plugins/modules" -name '*.py' ! -name '__init__.py' | wc -l)
# A module whose documentation is broken is not even listed.
[ "$shown" = "$files" ] || { echo "there are $files modules, and the documentation of $shown is shown" >&2; exit 1; }
show connection
show filter
show role -r "$work/installed/ansible_collections/netloom/container_net/roles"
echo "documentation shown of $shown plugins and roles, $files modules among them"
