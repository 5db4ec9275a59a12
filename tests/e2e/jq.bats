#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# share/ktstr.jq, the accessors of ktstr-jq(7), on a dump written by hand: one test a rule and a
# kind of error. What real dumps look like is tested where they are made.
bats_require_minimum_version 1.5.0

setup_file() {
	export SHARE=$BATS_TEST_DIRNAME/../../share DIR=$BATS_FILE_TMPDIR
	values >"$DIR/values.json"
	report >"$DIR/report.json"
	jq '[
		{tag: "one", trigger: "op", number: 0, reason: null, file: null, report: .},
		{tag: "gone", trigger: "op", number: 1, reason: "the rendezvous timed out", file: null, report: null},
		{tag: "periodic_001", trigger: "periodic", number: 4, elapsed_ms: 400, report: (. | .maps[0].value.members[0].value.value = 30)},
		{tag: "periodic_000", trigger: "periodic", number: 3, elapsed_ms: 200, report: (. | .maps[0].value.members[0].value.value = 10)},
		{tag: "periodic_002", trigger: "periodic", number: 5, elapsed_ms: 600, report: (. | .maps[0].value.members[0].value.value = 50)},
		{tag: "one", trigger: "op", number: 6, report: (. | .maps[0].value.members[0].value.value = 77)}]' \
		"$DIR/report.json" >"$DIR/t.snapshots.json"
	jq '{schema: 1, status: "fail", snapshots: ., failure_dump: {tag: "exit", reason: "runnable task stall", missing: null, report: .[0].report}}' \
		"$DIR/t.snapshots.json" >"$DIR/result.json"
}

# struct MEMBER=VALUE..: both JSON, VALUE a name of values.json
values() {
	cat <<-'END'
	{"u8": {"kind": "uint", "bits": 8, "value": 200},
	 "minus": {"kind": "int", "bits": 32, "value": -5},
	 "plus": {"kind": "int", "bits": 32, "value": 5},
	 "huge": {"kind": "uint", "bits": 64, "value": "0xffffffffffffff00"},
	 "yes": {"kind": "bool", "value": true}, "no": {"kind": "bool", "value": false},
	 "letter": {"kind": "char", "value": "A"}, "control": {"kind": "char", "value": 7},
	 "half": {"kind": "float", "value": 0.5}, "nan": {"kind": "float", "value": "nan"},
	 "on": {"kind": "enum", "bits": 32, "value": 1, "variant": "SCX_ON"},
	 "odd": {"kind": "enum", "bits": 32, "value": 9}, "below": {"kind": "enum", "bits": 32, "value": -1, "variant": "NEG"},
	 "text": {"kind": "string", "value": "hello"},
	 "cpus": {"kind": "cpu_list", "cpus": "0-3,8"},
	 "ptr": {"kind": "ptr", "value": "0xffff888000001000", "skip": "kernel type"},
	 "hex": {"kind": "bytes", "hex": "0a0b"},
	 "cut": {"kind": "truncated", "needed": 8, "had": 4}, "bad": {"kind": "unsupported", "reason": "a function type"},
	 "numbers": {"kind": "array", "len": 5000, "elements": [{"kind": "uint", "bits": 8, "value": 3}, {"kind": "uint", "bits": 8, "value": 4}]},
	 "task": {"kind": "struct", "type_name": "task_ctx", "members": [
		{"name": "weight", "value": {"kind": "uint", "bits": 32, "value": 100}},
		{"name": "", "value": {"kind": "struct", "members": [{"name": "inner", "value": {"kind": "int", "bits": 32, "value": 6}}]}},
		{"name": "deep", "value": {"kind": "struct", "members": [{"name": "leaf", "value": {"kind": "uint", "bits": 64, "value": 42}}]}},
		{"name": "list", "value": {"kind": "array", "len": 2, "elements": [
			{"kind": "struct", "members": [{"name": "x", "value": {"kind": "uint", "bits": 8, "value": 1}}]},
			{"kind": "struct", "members": [{"name": "x", "value": {"kind": "uint", "bits": 8, "value": 2}}]}]}},
		{"name": "dead", "value": {"kind": "ptr", "value": "0x10", "skip": "not mapped"}}]}}
	END
}

# Two schedulers: the maps 1 to 3 and 10 are of the one in force.
report() {
	jq '. as $v |
	def u($n): {kind: "uint", bits: 64, value: $n};
	def member($name; $value): {name: $name, value: $value};
	def section($members): {kind: "struct", type_name: ".bss", members: $members};
	def ptr($target): {kind: "ptr", value: "0x1000", target: $target};
	def hops($n): if $n == 0 then $v.task else ptr(hops($n - 1)) end;
	def map($id; $name; $active): {id: $id, name: $name, map_kva: "0x\($id)", map_type: 2, map_type_name: "array", value_size: 8, max_entries: 1, active: $active};
	{schema: "single", jiffies: 1000, hz: 250, active_obj_name: "scx_now", maps: [
		map(1; "scx_now.bss"; true) + {value: section([member("stall"; u(1)), member("nr"; u(4)), member("twice"; u(1)),
			member("a.b"; u(8)), member("sixteen"; hops(16)), member("seventeen"; hops(17)), member("both"; u(5)),
			member(""; {kind: "struct", members: [member("nameless"; u(9))]})])},
		map(2; "scx_now.rodata"; true) + {value: section([member("slice"; u(20)), member("twice"; u(2))])},
		map(3; ".data.hot"; true) + {value: section([member("warm"; u(3))])},
		map(4; "scx_old.bss"; false) + {value: section([member("stall"; u(0)), member("past"; u(6)), member("old_twice"; u(7)), member("both"; u(6))])},
		map(5; "scx_elder.bss"; false) + {value: section([member("old_twice"; u(8))])},
		map(6; "tasks"; false) + {map_type: 1, map_type_name: "hash", entries: [
			{key: u(7), key_hex: "07", value: $v.task, value_hex: "64"},
			{key: u(9), key_hex: "09", value: ($v.task | .members[0].value.value = 300), value_hex: "64"}]},
		map(7; "empty"; false) + {entries: []},
		map(8; "nobtf"; false) + {entries: [{key: {kind: "bytes", hex: "0badcafe"}, key_hex: "0badcafe", value: $v.hex, value_hex: "0a0b"}]},
		map(9; "counts"; false) + {percpu_entries: [{key: u(0), values: [$v.task, null, ($v.task | .members[0].value.value = 2)]}]},
		map(10; "abcdefghijklmno"; true) + {value: u(15)},
		map(11; "ring"; false) + {map_type_name: "ringbuf", ringbuf: {capacity: 4096}},
		map(12; "lost"; false) + {error: "memory is not mapped"},
		map(13; "pair"; false) + {value: u(1)}, map(14; "pair"; false) + {value: u(2)},
		map(15; "notmine"; false) + {value: section([member("secret"; u(1))])}],
	 prog_stats: [{id: 3, name: "dispatch", verified_insns: 120, run_cnt: 11, run_time_ns: 900, recursion_misses: 0}],
	 per_node_numa: null, reasons: {per_node_numa: "no walker"}}' "$DIR/values.json"
}

# ask FILE PROGRAM: its answer in $output
ask() {
	run -0 --separate-stderr jq -c -L "$SHARE" "include \"ktstr\"; $2" "$DIR/$1.json"
}

# refuse FILE PROGRAM TEXT..: an error that has all of the texts
refuse() {
	run -5 --separate-stderr jq -c -L "$SHARE" "include \"ktstr\"; $2" "$DIR/$1.json"
	[ -z "$output" ]
	shift 2
	for text; do
		[[ $stderr == *"$text"* ]] || { echo "no '$text' in: $stderr"; return 1; }
	done
}

@test "var finds a global variable, and prefers the scheduler in force" {
	ask report 'var("stall") | as_u64'
	[ "$output" = 1 ]
	ask report 'var("past") | as_u64'
	[ "$output" = 6 ]
	ask report 'var("slice").value, (var("warm") | as_u64), (var("nameless") | as_u64)'
	[ "$output" = $'20\n3\n9' ]
}

@test "var takes a name whole" {
	ask report 'var("a.b") | as_u64'
	[ "$output" = 8 ]
	refuse report 'var("stall.x")' "var 'stall.x' not found"
}

@test "var not found: the name, and the globals there are" {
	refuse report 'var("stal")' "var 'stal' not found" stall slice past warm nameless
	[[ $stderr != *secret* ]]
}

@test "var ambiguous: where it was found, and what helps" {
	refuse report 'var("twice")' "var 'twice' is ambiguous" 'scx_now.bss (map 1)' 'scx_now.rodata (map 2)' active live_var map
	refuse report 'var("old_twice")' "var 'old_twice' is ambiguous" 'scx_old.bss (map 4)' 'scx_elder.bss (map 5)'
	ask report 'map("scx_now.rodata") | get("twice") | as_u64'
	[ "$output" = 2 ]
}

@test "live_var and active keep to the scheduler in force" {
	ask report '(live_var("stall") | as_u64), (active | var("both") | as_u64), (active | .maps | length)'
	[ "$output" = $'1\n5\n4' ]
	refuse report 'live_var("past")' "var 'past' not found"
	jq '.maps |= map(.active = false)' "$DIR/report.json" >"$DIR/idle.json"
	refuse idle active 'no active scheduler'
	refuse idle 'live_var("stall")' 'no active scheduler'
	refuse idle 'var("stall")' "'stall' is ambiguous" 'scx_old.bss'
}

@test "map finds by name, the kernel's 15 bytes of it too" {
	ask report 'map("tasks").id, (map("abcdefghijklmnopq") | as_u64)'
	[ "$output" = $'6\n15' ]
	refuse report 'map("abcdefghijklmnp")' 'not found'
}

@test "map not found: the name, and the names that were captured" {
	refuse report 'map("task")' "map 'task' not found" tasks scx_now.bss empty
	ask report '.maps = [] | try map("any") catch .'
	[[ $output == *"map 'any' not found: captured are none"* ]]
}

@test "map ambiguous: which they are" {
	refuse report 'map("pair")' "map 'pair' is ambiguous" '13, 14' active
	ask report '.maps[-2].active = true | .maps[-3].active = false | map("pair").id'
	[ "$output" = 14 ]
}

@test "at, find, filter and max_by choose entries" {
	ask report 'map("tasks") | (at(1).key | as_u64), (find(get("weight") | as_u64 > 200).key | as_u64), (filter(get("weight") | as_u64 > 50) | length), (max_by(get("weight") | as_u64).key | as_u64)'
	[ "$output" = $'9\n9\n2\n9' ]
	ask report 'map("scx_now.bss") | at(0) | get("nr") | as_u64'
	[ "$output" = 4 ]
	ask report 'map("tasks") | filter(.key | as_u64 == 7) | at(0) | get("weight") | as_u64'
	[ "$output" = 100 ]
}

@test "no match: map, operation, length, keys" {
	refuse report 'map("tasks") | at(2)' "no match for at(2) in map 'tasks' of length 2" 'keys are 7, 9'
	refuse report 'map("tasks") | at(-1)' 'no match for at(-1)'
	refuse report 'map("tasks") | find(get("weight") | as_u64 > 1000)' "no match for find in map 'tasks' of length 2" 'keys are 7, 9'
}

@test "no match in an empty map has words of its own" {
	refuse report 'map("empty") | at(0)' "no match for at(0): map 'empty' is empty"
	refuse report 'map("empty") | find(true)' "no match for find: map 'empty' is empty"
	refuse report 'map("empty") | max_by(.key)' "no match for max_by: map 'empty' is empty"
}

@test "no match where keys are hexadecimal only: that there is no BTF" {
	refuse report 'map("nobtf") | at(1)' 0badcafe BTF
	refuse report 'map("tasks") | at(7)' 'no match'
	[[ $stderr != *BTF* ]]
}

@test "a map that is not rendered says why" {
	refuse report 'map("lost") | at(0)' "map 'lost' is not rendered" 'memory is not mapped'
	refuse report 'map("ring") | at(0)' "map 'ring'" ringbuf 'no entries'
}

@test "cpu chooses before get" {
	ask report 'map("counts") | at(0) | cpu(2) | get("weight") | as_u64'
	[ "$output" = 2 ]
	refuse report 'map("counts") | at(0) | get("weight")' per-CPU 'not narrowed' 'cpu(N)' '3 CPUs'
	refuse report 'map("counts") | at(0) | as_u64' 'not narrowed'
	refuse report 'map("counts") | at(0) | cpu(3)' 'CPU 3 is not there' 3
	refuse report 'map("counts") | at(0) | cpu(1)' inconclusive 'CPU 1 has no value'
	refuse report 'map("tasks") | at(0) | cpu(0)' 'type mismatch' 'expected a per-CPU value'
}

@test "get walks members, nameless ones, arrays" {
	ask values '.task | get("weight", "inner", "deep.leaf", "list.1.x", "list[0].x") | as_u64'
	[ "$output" = $'100\n6\n42\n2\n1' ]
	ask values '.numbers | get("[1]", "0") | as_u64'
	[ "$output" = $'4\n3' ]
	ask values '[(.task | get("") == .), (.u8 | get("") | as_u64)]'
	[ "$output" = '[true,200]' ]
}

@test "get follows 16 pointers, and no more" {
	ask report 'var("sixteen") | get("deep.leaf") | as_u64'
	[ "$output" = 42 ]
	refuse report 'var("seventeen") | get("deep.leaf")' "field 'deep' not found" 'pointer'
	refuse values '.task | get("dead.x")' "field 'x' not found in path 'dead.x' behind 'dead'" 'not mapped'
}

@test "field not found: path, component, what was walked, members there" {
	refuse values '.task | get("deep.leav.x")' "field 'leav'" "path 'deep.leav.x'" "behind 'deep'" 'members there: leaf'
	refuse values '.task | get("wait")' "field 'wait' not found in path 'wait'" 'members there: weight, inner, deep, list, dead'
	refuse values '.task | get("weight.x")' "field 'x'" "behind 'weight'" 'uint 100'
	refuse values '.task | get("list.x")' "field 'x'" 'array of 2' 'number'
	refuse values '.numbers | get("2")' "field '2'" 'array of 5000' '2 are captured'
	refuse values '.numbers | get("-1")' "field '-1'"
}

@test "as_u64" {
	ask values '[.u8, .plus, .on, .yes, .no, .letter, .control] | [.[] | as_u64]'
	[ "$output" = '[200,5,1,1,0,65,7]' ]
	ask values '(.huge | as_u64 > 18446744073709550000), (.ptr | as_u64 > 18446612682070000000), (7, "0xff" | as_u64)'
	[ "$output" = $'true\ntrue\n7\n255' ]
	for v in minus below half text task numbers hex cut bad cpus; do
		refuse values ".$v | as_u64" 'type mismatch: expected u64, actual'
	done
	refuse values '.minus | as_u64' 'actual int -5'
	refuse values '.task | as_u64' 'actual struct task_ctx'
	refuse values '.cut | as_u64' '4 of 8 bytes'
	refuse values '.bad | as_u64' 'a function type'
}

@test "as_i64" {
	ask values '[.u8, .minus, .below, .yes, .letter] | [.[] | as_i64]'
	[ "$output" = '[200,-5,-1,1,65]' ]
	for v in huge ptr half text task; do
		refuse values ".$v | as_i64" 'type mismatch: expected i64, actual'
	done
}

@test "as_bool" {
	ask values '[.u8, .yes, .no, .on, .minus] | [.[] | as_bool]'
	[ "$output" = '[true,true,false,true,true]' ]
	refuse values '.text | as_bool' 'type mismatch: expected bool, actual string hello'
}

@test "as_f64" {
	ask values '[.half, .minus, .u8, .on] | [.[] | as_f64]'
	[ "$output" = '[0.5,-5,200,1]' ]
	ask values '.nan | as_f64 | isnan'
	[ "$output" = true ]
	for v in yes letter ptr text; do
		refuse values ".$v | as_f64" 'type mismatch: expected f64, actual'
	done
}

@test "as_str" {
	ask values '[.on, .text, .letter, .cpus] | [.[] | as_str]'
	[ "$output" = '["SCX_ON","hello","A","0-3,8"]' ]
	refuse values '.odd | as_str' 'type mismatch: expected str, actual enum 9 without a name'
	refuse values '.u8 | as_str' 'type mismatch: expected str, actual uint 200'
}

@test "raw is what was rendered, plain what it means" {
	ask report 'map("tasks") | at(0) | raw.kind, (plain | .value.deep.leaf), (raw | plain | .inner, .list[1].x)'
	[ "$output" = $'"struct"\n42\n6\n2' ]
	refuse report raw 'type mismatch: expected a value, actual a report' var map
	refuse values '.task.members | raw' 'type mismatch: expected a value'
}

@test "snapshot finds by tag, the later of two, in a list and in a result" {
	ask t.snapshots 'snapshot("one") | var("stall") | as_u64'
	[ "$output" = 77 ]
	ask result 'snapshot("periodic_000") | var("stall") | as_u64'
	[ "$output" = 10 ]
	refuse result 'snapshot("two")' inconclusive "no capture 'two'" one gone periodic_000
	jq '.snapshots |= map(del(.report) + {file: "t.snapshots.json"})' "$DIR/result.json" >"$DIR/small.json"
	refuse small 'snapshot("one")' "report of 'one' is not in here" t.snapshots.json
	echo '{"snapshots":null,"failure_dump":null}' >"$DIR/none.json"
	refuse none 'snapshot("one")' inconclusive 'no captures were taken'
	refuse none failure inconclusive 'no failure was captured'
	refuse report 'snapshot("one")' 'type mismatch'
	refuse result 'var("stall")' 'which capture?' snapshot failure
}

@test "a placeholder says why it is one" {
	refuse result 'snapshot("gone") | var("stall")' inconclusive "'gone' is a placeholder" 'the rendezvous timed out'
	jq '{schema: "degraded", reason: "kill arrived"}' <<<null >"$DIR/degraded.json"
	refuse degraded 'map("x")' inconclusive degraded 'kill arrived'
	jq '.schema = "triple"' "$DIR/report.json" >"$DIR/triple.json"
	refuse triple 'var("stall")' schema triple 'not known'
	jq 'del(.schema)' "$DIR/report.json" >"$DIR/plain.json"
	refuse plain 'var("stall")' schema
}

@test "failure, from a result and from its file" {
	ask result 'failure | (var("stall") | as_u64), .reason'
	[ "$output" = $'1\n"runnable task stall"' ]
	ask report 'failure | var("stall") | as_u64'
	[ "$output" = 1 ]
	jq '.failure_dump |= (.missing = "no memory" | .report = null)' "$DIR/result.json" >"$DIR/nodump.json"
	refuse nodump 'failure | var("stall")' inconclusive "placeholder" 'no memory'
}

@test "stats, or the reason why there are none" {
	ask report '(stats | length), stats("dispatch").run_cnt, (stats("dispatch").run_cnt | as_u64)'
	[ "$output" = $'1\n11\n11' ]
	refuse report 'stats("enqueue")' "no program 'enqueue'" dispatch
	jq '.prog_stats = null | .reasons.prog_stats = "no struct_ops programs"' "$DIR/report.json" >"$DIR/nostats.json"
	refuse nostats stats inconclusive 'missing prog_stats' 'no struct_ops programs'
	refuse report 'part("per_node_numa")' inconclusive 'missing per_node_numa' 'no walker'
}

@test "what jq calls map and max_by still is that" {
	ask report '[1, 2] | map(. + 1), max_by(-.), ({a: 1} | map(. + 1))'
	[ "$output" = $'[2,3]\n1\n[2]' ]
}

@test "series of the periodic captures, in their order" {
	ask result 'series(var("stall") | as_u64)'
	[ "$output" = '[{"tag":"periodic_000","ms":200,"value":10},{"tag":"periodic_001","ms":400,"value":30},{"tag":"periodic_002","ms":600,"value":50}]' ]
	ask t.snapshots '[periodic[].tag] | join(" ")'
	[ "$output" = '"periodic_000 periodic_001 periodic_002"' ]
	ask result '.snapshots[2].report = null | series(var("stall") | as_u64)[1] | has("value"), .error'
	[[ $output == $'false\n'*placeholder* ]]
	# Without the guest's own word for it, jiffies tell the time.
	ask result '.snapshots[].elapsed_ms = null | [series(1)[].ms]'
	[ "$output" = '[4000,4000,4000]' ]
}

# points VALUE..: series.json with a value every 100 ms; - for one that could not be read
points() {
	printf '%s\n' "$@" | jq -R 'if . == "-" then {error: "no such var"} else {value: tonumber} end' |
		jq -s '[to_entries[] | {tag: "p\(.key)", ms: (.key * 100)} + .value]' >"$DIR/series.json"
}

# holds PROGRAM, and not: breaks PROGRAM TEXT.., with why on standard error
holds() {
	ask series "$1"
	[ "$output" = true ]
}
breaks() {
	run -1 --separate-stderr jq -e -L "$SHARE" "include \"ktstr\"; $1" "$DIR/series.json"
	[ "$output" = false ]
	shift
	for text; do
		[[ $stderr == *"$text"* ]] || { echo "no '$text' in: $stderr"; return 1; }
	done
}

@test "nondecreasing and strictly_increasing" {
	points 1 1 2
	holds nondecreasing
	breaks strictly_increasing '1 at p0, then 1 at p1'
	points 1 2 3
	holds strictly_increasing
	points 1 3 2
	breaks nondecreasing '3 at p1, then 2 at p2'
	# A pair with an unread side is passed over.
	points 5 - 1 2
	holds nondecreasing
	points 1 -
	refuse series nondecreasing inconclusive '1 usable samples of 2' 'p1: no such var'
	points 1 - 2
	refuse series strictly_increasing inconclusive 'no two neighbours'
}

@test "rate_within" {
	points 0 100 200
	holds 'rate_within(1; 1)'
	breaks 'rate_within(2; 3)' '0 at p0, then 100 at p1'
	refuse series 'rate_within(3; 2)' 'lower bound 3 is above the upper one 2'
	ask series '.[1].ms = 0 | try rate_within(0; 9) catch .'
	[[ $output == *inconclusive*'without time between'* ]]
}

@test "steady_within" {
	points 900 10 11 9
	holds 'steady_within(100; 0.1)'
	breaks 'steady_within(0; 0.1)' '900 at p0'
	breaks 'steady_within(100; 0.05)' 'the mean is 10'
	refuse series 'steady_within(250; 1)' inconclusive '1 usable'
}

@test "converges_to" {
	points 1 9 10 11 50
	holds 'converges_to(10; 1; 1000)'
	breaks 'converges_to(10; 1; 200)' 'no three in a row'
	points 9 10 - 11
	breaks 'converges_to(10; 1; 1000)'
	points 10 10
	refuse series 'converges_to(10; 1; 1000)' inconclusive '2 usable'
}

@test "always_true, each_at_least, each_at_most, each_between" {
	points 1 2 3
	holds 'each_at_least(1) and each_at_most(3) and each_between(1; 3)'
	breaks 'each_at_least(2)' 'p0: 1'
	breaks 'each_at_most(2)' 'p2: 3'
	breaks 'each_between(2; 9)' 'p0: 1'
	holds '[.[] | .value = true] | always_true'
	breaks '[.[] | .value = true] | .[1].value = 1 | always_true' 'p1: 1'
	# One that could not be read, and what is no number, fail them all.
	points 1 -
	breaks 'each_at_most(9)' 'p1: no such var'
	breaks '.[1] |= (del(.error) | .value = nan) | each_at_most(9)' 'p1: not a number'
	refuse series '[] | each_at_most(9)' inconclusive 'no samples'
}

@test "ratio_within" {
	points 2 4
	holds 'ratio_within([{tag: "a", value: 1}, {tag: "b", value: 2}]; 2; 2)'
	breaks 'ratio_within([{tag: "a", value: 1}, {tag: "b", value: 1}]; 1; 2)' 'p1: 4'
	refuse series 'ratio_within([]; 1; 2)' 'series of 2 and 0'
	refuse series 'ratio_within([{tag: "a", value: 0}, {tag: "b", value: 1}]; 1; 9)' inconclusive 'divided by 0'
}
