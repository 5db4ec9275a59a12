# SPDX-License-Identifier: GPL-2.0-only
# jq -n -r --slurpfile tool BPFTOOL --slurpfile host MAPS -f roundtrip.jq: what `bpftool --json batch`
# (one that dumps all maps twice, as tests/guest/truth.c makes it) and the maps of a capture say of
# one instant. A line for each difference, `differs MAP KEY: BPFTOOL | CAPTURE`; then a line
# `compared TYPE NAME N` for each map, N the number of its values. `moving` alone when bpftool itself
# saw two states.
#
# Both sides are brought to one plain form: numbers, strings, lists, and objects without what has no
# name, as bpftool gives all of it one name. Left out is what bpftool is not told or cannot show: the
# programs in a struct_ops table are numbers there and addresses here, and the kernel hides from user
# space what only BPF may touch.

def digit: if . >= 97 then . - 87 else . - 48 end;
def unhex: ltrimstr("0x") | explode | map(digit) | reduce .[] as $d (0; . * 16 + $d);
def pow2: . as $n | reduce range($n) as $i (1; . * 2);
def number: if type == "string" then unhex else . end;

# The bytes of a number in JSON hex form, such as bpftool gives: "0x01" "0x02" as "0102".
def hex: map(ltrimstr("0x")) | join("");

# A capture's value; bit fields as bpftool has them, without a sign.
def plain:
	.kind as $kind |
	if $kind == "int" or $kind == "uint" then
		(.value | number) as $v |
		if (.bits | IN(8, 16, 32, 64)) or $v >= 0 then $v else $v + (.bits | pow2) end
	elif $kind == "enum" then .variant // (.value | number)
	elif $kind == "char" then .value | if type == "string" then explode[0] else . end
	elif $kind == "struct" then
		reduce (.members[] | select(.name != "")) as $m ({}; .[$m.name] = ($m.value | plain))
	elif $kind == "array" then .elements | map(plain)
	elif $kind == "ptr" then .value | number
	elif $kind == "cpu_list" then .ptr // .cpus
	elif $kind == "bytes" then .hex
	else .value end;

# What bpftool makes of a value; of a section a list of objects with one member each.
def told:
	if type == "object" then
		if length == 1 and (keys[0] | startswith(".")) then .[keys[0]] | add | told
		else del(.[""]) | map_values(told) end
	elif type == "array" then map(told)
	elif type == "string" and test("^0x[0-9a-f]+$") then unhex
	else . end;

# Where the two differ: [PATH, TOLD, SEEN] each. bpftool shows nothing of an array without a length, and
# less often takes bytes for text.
def differences($told; $seen):
	if ($told | type) == "object" and ($seen | type) == "object" then
		(($told | keys) + ($seen | keys) | unique[]) as $k |
			differences($told[$k]; $seen[$k]) | .[0] |= "." + $k + .
	elif $told == [] and ($seen | type) == "array" then empty
	elif ($told | type) == "array" and ($seen | type) == "string" then
		($seen | explode) as $bytes |
		if ($told[:$bytes | length] == $bytes) and ($told[$bytes | length:] | all(. == 0)) then empty
		else ["", $told, $seen] end
	elif ($told | type) == "array" and ($seen | type) == "array" and
			($told | length) == ($seen | length) then
		range($told | length) as $i | differences($told[$i]; $seen[$i]) | .[0] |= "[\($i)]" + .
	elif $told == $seen then empty
	else ["", $told, $seen] end;

# ---- each shape of a map as [{key, value}..], the key a string ----

# In bytes where it has them, in value otherwise; both when there are both.
def tool_value: {value: (.formatted.value // null | told), hex: (.value | hex)};
def tool_entries: map({key: (.key | hex), value: tool_value});
def tool_percpu: map({key: (.key | hex), value: [.formatted.values[].value | told]});

# The key of an array: its index, in the order of bytes that bpftool has.
def le32: . as $n | [range(4) | ($n / (. * 8 | pow2) | floor) % 256 |
	[(. / 16 | floor), . % 16] | map(if . > 9 then . + 87 else . + 48 end) | implode] | join("");
def host_key: .key_hex // (.key.value | le32);
def host_value: {value: (.value | plain), hex: .value_hex};
def host_entries: map({key: host_key, value: host_value});
def host_percpu: map({key: host_key, value: [.values[] | plain]});

# Without types bpftool has bytes only, and a capture may have left them out where it has types.
def same_parts($told; $seen):
	(if $told.value != null then differences($told.value; $seen.value) else empty end),
	(if $seen.hex != null then differences($told.hex; $seen.hex) else empty end);

# Members that differ by nature: what user space gets cleared (timers, too), and what the kernel fills
# in in its own copy of a table.
def hidden:
	if .name == "zoo_special" then "mask"
	elif .map_type_name == "struct_ops" then "priv", "exit_dump_len"
	else empty end;

# struct_ops: functions are all that is not zero or not; the kernel counts its uses elsewhere.
def ops_plain: .data | map_values(if type == "number" then . != 0 else . end);

def tool_shape($type):
	if $type | IN("percpu_array", "percpu_hash", "lru_percpu_hash") then tool_percpu
	elif $type == "struct_ops" then [{key: "ops", value: (.[0].formatted.value | told | ops_plain)}]
	elif $type == "stack_trace" then
		map({key: (.key | hex), value: (.value | hex | sub("(0{16})+$"; ""))})
	elif $type == "prog_array" then map({key: (.key | hex), value: true})
	elif $type | IN("array_of_maps", "hash_of_maps") then
		map({key: (.key | hex), value: (.value | reverse | hex | unhex)})
	else tool_entries end;

# An address as the bytes that memory has.
def address_hex: ltrimstr("0x") | [range(14; -1; -2) as $i | .[$i:$i + 2]] | join("");

def host_shape:
	.map_type_name as $type |
	if $type == "percpu_array" then .percpu_entries | host_percpu
	elif $type | IN("percpu_hash", "lru_percpu_hash") then .percpu_hash_entries | host_percpu
	elif $type == "struct_ops" then [{key: "ops", value: (.value | plain | ops_plain)}]
	elif $type == "stack_trace" then
		.stack_trace.entries | map({key: (.id | le32), value: (.addresses | map(address_hex) | join(""))})
	elif $type == "prog_array" then .fd_array.indices | map({key: le32, value: true})
	elif $type == "array_of_maps" then
		.fd_array | [.indices, .map_ids] | transpose | map({key: (.[0] | le32), value: .[1]})
	elif $type == "hash_of_maps" then .entries | map({key: host_key, value: (.value | plain)})
	elif .entries then .entries | host_entries
	elif .value then [{key: "00000000", value: {value: (.value | plain), hex: .value_hex}}]
	else [] end;

def is_parts: type == "object" and has("hex") and has("value") and length == 2;

def compare($told; $seen; $name; $hidden):
	($told | map({(.key): .}) | add // {}) as $t | ($seen | map({(.key): .}) | add // {}) as $s |
	(($t | keys) + ($s | keys) | unique[]) as $k |
	if $t[$k] == null or $s[$k] == null then
		"differs \($name) \($k): \($t[$k] != null) | \($s[$k] != null)"
	else
		$t[$k].value as $tv | $s[$k].value as $sv |
		(if $tv | is_parts then same_parts($tv; $sv) else differences($tv; $sv) end) |
		select(.[0] | (ltrimstr(".") | IN($hidden[])) or contains(".timer.__opaque[") | not) |
		"differs \($name) \($k)\(.[0]): \(.[1] | tojson) | \(.[2] | tojson)"
	end;

($tool[0] | .[:length / 2]) as $first | ($tool[0] | .[length / 2:]) as $second |
if $first != $second then "moving"
else
	($host[0].maps | map({(.id | tostring): .}) | add) as $maps |
	($second[] | .command[3] as $id | .output as $output | $maps[$id] |
		if . == null then "differs \($id): there | not there"
		elif .error then "differs \(.name): there | \(.error)"
		else
			(. as $map | ($output | tool_shape($map.map_type_name)) as $told | host_shape as $seen |
				[hidden] as $hidden | compare($told; $seen; $map.name; $hidden),
				"compared \($map.map_type_name) \($map.name) \($told | length)")
		end)
end
