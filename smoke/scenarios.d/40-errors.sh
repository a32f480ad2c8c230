# SPDX-License-Identifier: MIT
# What goes wrong says so in a sentence, and leaves nothing behind.
refused() { # WANTED-CODE NEEDLE COMMAND…
	want=$1 needle=$2
	shift 2
	code=0
	out=$("$@" 2>&1) || code=$?
	expect_eq "exit of: $*" "$want" "$code"
	expect_in "message of: $*" "$needle" "$out"
}

refused 1 "no image 'tinny'" tui vm create --image tinny x1
refused 1 "did you mean tiny" tui vm create --image tinny x1
refused 2 "position 1" tui vm create 'Bad'
refused 2 "must not be 0" tui vm create --memory 0 x1
refused 2 "more than this host has" tui vm create --memory 900G x1
refused 2 "between 1 and 32" tui vm create --vcpus 0 x1
refused 2 "limit of 128G" tui vm create --overlay 200G x1
refused 2 "unknown option" tui vm create --colour x1
refused 1 "no VM 'nobody'" tui vm start nobody
refused 125 "no VM 'nobody'" tui vm exec nobody -- true
refused 2 "unknown command" tui frobnicate

# Bad usage is one sentence and where to read more.
terse() { # HELP COMMAND…
	help=$1
	shift
	refused 2 "$help --help" "$@"
	expect_eq "lines of: $*" 2 "$(printf '%s\n' "$out" | wc -l)"
}
terse "banger-tui" tui frobnicate
terse "banger-tui vm" tui vm frobnicate
terse "banger-tui vm" tui vm
terse "banger-tui vm create" tui vm create --colour x1
terse "banger-tui vm start" tui vm start
terse "banger-tui vm exec" tui vm exec a b -- true
terse "banger-tui image pull" tui image pull
terse "banger-tui" tui --colour

tui vm create --no-start dup
refused 1 "a VM named 'dup' exists" tui vm create --no-start dup
refused 1 "used by 1 VM(s): dup" tui image delete tiny
refused 125 "not running" tui vm exec dup -- true
tui vm delete dup

# A verb that a signal ends says so as a shell does, and what it began is undone.
interrupted() { # SIGNAL WANTED SECONDS ARGUMENTS…
	signal=$1 want=$2 seconds=$3
	shift 3
	code=0
	timeout --preserve-status -s "$signal" "$seconds" "$BANGER" "$@" || code=$?
	expect_eq "exit of: $*" "$want" "$code"
}
tui vm create --no-start cut
interrupted INT 130 1 vm start cut
expect_eq "processes left" "" "$(leftovers)"
interrupted TERM 143 1 vm restart cut
expect_eq "processes left" "" "$(leftovers)"
interrupted INT 130 1 vm create fresh
expect_eq "processes left" "" "$(leftovers)"
tui vm start cut
interrupted INT 130 2 vm logs -f cut
interrupted TERM 143 2 vm logs -f cut
interrupted HUP 129 2 vm logs -f cut
interrupted INT 125 2 vm exec cut -- sleep 100
interrupted INT 130 1 image pull debian-bookworm
expect_in "nothing half-made" "debian-bookworm          -" "$(tui image list)"
expect_eq "no staging left" "" "$(find "$BANGER_STATE_DIR/images" -mindepth 1 -maxdepth 1 -name '*[!0-9a-f]*')"
tui vm delete cut
if tui vm show fresh >/dev/null 2>&1; then die "an interrupted create left a machine"; fi

# A missing QEMU: the state says why, and start works again when it is there.
tui vm create --no-start noqemu
mkdir -p "$BANGER_CONFIG_DIR"
printf 'paths { qemu = "/nonexistent/qemu" }\n' >"$BANGER_CONFIG_DIR/banger.conf"
refused 1 "/nonexistent/qemu" tui vm start noqemu
expect_eq "state" error "$(field noqemu state)"
printf 'vm { memroy = "1G" }\n' >"$BANGER_CONFIG_DIR/banger.conf"
refused 1 "memroy" tui vm list
# A wrong value is told with its line, its key and what is accepted.
wrong() { # LINE-AND-KEY NEEDLE TEXT COMMAND…
	where=$1 needle=$2
	printf '# mine\n%s\n' "$3" >"$BANGER_CONFIG_DIR/banger.conf"
	shift 3
	code=0
	out=$("$@" 2>&1) || code=$?
	[ "$code" -ne 0 ] || die "accepted: $(cat "$BANGER_CONFIG_DIR/banger.conf")"
	expect_in "where" "$BANGER_CONFIG_DIR/banger.conf:$where" "$out"
	expect_in "what" "$needle" "$out"
}
wrong "2: vm.memory" "512M" 'vm { memory = "lots" }' tui vm list
wrong "2: vm.network" "choose one of: auto, private" 'vm { network = "foo" }' tui vm list
wrong "3: vm.memory" "more than this host has" 'vm {
 memory = 900G }' tui vm create --no-start x1
wrong "2: vm.image" "did you mean tiny" 'vm { image = tinny }' tui vm create --no-start x1
wrong "2: ui.theme" "dark, light" 'ui { theme = pink }' tui
wrong "2: ui.escape" "ctrl-]" 'ui { escape = "zz" }' tui
wrong "2: paths.state" "absolute" 'paths { state = here }' tui vm list
wrong "2: section 'vm' is still open" "Close it" 'vm { memory = 1G' tui vm list
rm "$BANGER_CONFIG_DIR/banger.conf"
tui vm start noqemu
tui vm delete noqemu

# An image whose file has gone: said, with what to do, and that does it.
rootfs=$(ls "$BANGER_STATE_DIR"/images/*/rootfs.ext4)
mv "$rootfs" "$rootfs.aside"
code=0
out=$(tui vm create --no-start hollow 2>&1) || code=$?
expect_eq "exit" 1 "$code"
expect_in "message" "is gone" "$out"
expect_in "hint" "banger-tui image pull" "$out"
tui image pull tiny
tui vm create --no-start hollow
tui vm delete hollow

# A store that was moved away leaves the disks alone, and says that they are there.
tui vm create kept
dir=$(vm_dir kept)
mkdir "$SMOKE_WORK/away"
mv "$BANGER_STATE_DIR"/state.db* "$SMOKE_WORK/away/"
expect_in "list" "1 machine has disks here and is not in the store" "$(tui vm list 2>&1)"
[ -f "$dir/work.ext4" ] || die "the disks of a machine were removed with the store"
expect_in "doctor" "not in the store: $(basename "$dir") (kept, it runs)" "$(tui doctor || true)"
# Nobody but its id speaks of it: that ends it.
if tui vm kill kept 2>/dev/null; then die "a machine without a row was found by its name"; fi
tui vm kill "$(basename "$dir")"
expect_eq "processes left" "" "$(leftovers)"
expect_in "doctor" "not in the store: $(basename "$dir") (kept)" "$(tui doctor || true)"
[ -f "$dir/work.ext4" ] || die "the disks of a machine were removed with its process"
rm "$BANGER_STATE_DIR"/state.db*
mv "$SMOKE_WORK/away"/state.db* "$BANGER_STATE_DIR/"
expect_eq "state" stopped "$(field kept state)"
tui vm delete kept

# A damaged store is told and left untouched.
mkdir "$SMOKE_WORK/damaged"
printf 'this is not a database, and it is longer than a header of one hundred bytes, which is what is looked at first here' >"$SMOKE_WORK/damaged/state.db"
before=$(cksum "$SMOKE_WORK/damaged/state.db")
code=0
out=$(BANGER_STATE_DIR=$SMOKE_WORK/damaged tui vm list 2>&1) || code=$?
expect_eq "exit" 1 "$code"
expect_in "message" "damaged" "$out"
expect_eq "untouched" "$before" "$(cksum "$SMOKE_WORK/damaged/state.db")"

# Output that does not arrive is told, and told once.
code=0
out=$(tui vm list 2>&1 >/dev/full) || code=$?
expect_eq "exit" 1 "$code"
expect_in "message" "write the output" "$out"

# The doctor looks and touches nothing.
before=$(find "$BANGER_STATE_DIR" | sort | cksum)
code=0
tui doctor >/dev/null || code=$?
[ "$code" -le 1 ] || die "doctor: exit $code"
expect_eq "nothing changed" "$before" "$(find "$BANGER_STATE_DIR" | sort | cksum)"
BANGER_STATE_DIR=$SMOKE_WORK/none BANGER_CACHE_DIR=$SMOKE_WORK/none BANGER_RUNTIME_DIR=$SMOKE_WORK/none tui doctor >/dev/null || true
[ ! -e "$SMOKE_WORK/none" ] || die "the doctor made a directory"
# What is asked for may stand in a file of the catalogue that is wrong: that file is told, and not that there is no such name.
mkdir -p "$BANGER_CONFIG_DIR/catalog.d"
printf '{"images":[{"name":"gold","kind":"bundle","url":"ftp://x/y","sha256":"%064d","size":1}]}' 0 >"$BANGER_CONFIG_DIR/catalog.d/mine.json"
refused 1 "mine.json" tui image pull gold
refused 1 "mine.json" tui vm create --no-start --image gold x1
rm "$BANGER_CONFIG_DIR/catalog.d/mine.json"
assert_clean
