# SPDX-License-Identifier: GPL-2.0-only
# Questions to captures of ktstr-freeze(1) and to results of ktstr-report(1); ktstr-jq(7) is the
# page. For jq 1.6 and later. Names that begin with "_" are not for others.
#
#   include "ktstr"; snapshot("after_setup") | var("stall") | as_u64

# ---- errors ----

# Something is asked for that cannot be there: the question is wrong.
def _fail($text): error("ktstr: " + $text);

# Something that could have been there is not: nothing can be said either way.
def _missing($text): error("ktstr: inconclusive: " + $text);

# (No `try` and no `?` in front of these: jq 1.6 would catch them there.)

# False, and why on standard error.
def _no($text): ("ktstr: " + $text + "\n" | stderr | empty), false;

def _list($max):
  if length == 0 then "none"
  elif length > $max then (.[:$max] | join(", ")) + " and \(length - $max) more"
  else join(", ") end;

# ---- rendered values ----

def _is_value: type == "object" and (.kind | type) == "string";

def _hex:
  reduce (.[2:] | ascii_downcase | explode[]) as $c (0;
    . * 16 + (if $c >= 97 then $c - 87 else $c - 48 end));

# The number of a value that is one: large ones are text.
def _number: if type == "string" then _hex else . end;

# What a value is, for people.
def _actual:
  if _is_value | not then
    if type == "object" then "an object with " + (keys | _list(8)) else "\(type) \(tojson)" end
  elif .kind == "struct" then "struct" + (if .type_name then " \(.type_name)" else "" end)
  elif .kind == "array" then "array of \(.len)"
  elif .kind == "enum" then "enum \(.value)" + (if .variant then " (\(.variant))" else " without a name" end)
  elif .kind == "unsupported" then "a value that is not supported: \(.reason)"
  elif .kind == "truncated" then "a value that is cut: \(.had) of \(.needed) bytes"
  elif .kind == "bytes" then "bytes \(.hex)"
  elif .kind == "cpu_list" then "cpu_list \(.cpus)"
  else "\(.kind) \(.value)" end;

# A value as JSON has it: objects, arrays, numbers, texts.
def plain:
  if type == "array" then [.[] | plain]
  elif _is_value | not then
    if type == "object" then with_entries(.value |= plain) else . end
  elif .kind == "struct" then
    reduce .members[] as $m ({};
      ($m.value | plain) as $v
      | if $m.name == "" and ($v | type) == "object" then . + $v else .[$m.name] = $v end)
  elif .kind == "array" then [.elements[] | plain]
  elif .kind == "enum" then .variant // .value
  elif .kind == "ptr" then if .target then .target | plain else .value end
  elif .kind == "cpu_list" then .cpus
  elif .kind == "bytes" then .hex
  elif .kind == "unsupported" then null
  elif .kind == "truncated" then if .partial then .partial | plain else null end
  else .value end;

def _per_cpu: type == "object" and (.values | type) == "array";

def _not_narrowed:
  _fail("a per-CPU value is not narrowed: cpu(N) chooses one of \(.values | length) CPUs");

# The rendered value of what has one: an entry, a map with a single value, a value.
def raw:
  if _is_value then .
  elif _per_cpu then _not_narrowed
  elif type == "object" and (.value | _is_value) then .value
  elif type == "object" and has("maps") then _fail("type mismatch: expected a value, actual a report: var(NAME) or map(NAME) chooses")
  else _fail("type mismatch: expected a value, actual " + _actual) end;

# The value of an entry, or of one of its CPUs.
def cpu($n):
  if _per_cpu | not then
    _fail("type mismatch: expected a per-CPU value for cpu(\($n)), actual " + (if _is_value then _actual else "an entry with one value" end))
  elif $n < 0 or $n >= (.values | length) then
    _fail("CPU \($n) is not there: there are \(.values | length)")
  elif .values[$n] == null then _missing("CPU \($n) has no value")
  else .values[$n] end;

# ---- members ----

def _hops: 16;

# What a pointer leads to, through others; itself when it was not followed.
def _follow($hops):
  if .kind == "ptr" and .target and $hops > 0 then .target | _follow($hops - 1) else . end;

def _members:
  [.members[] | if .name == "" and .value.kind == "struct" then .value | _members[] else .name end];

# Members of a struct without a name are its parent's. An array: none or one.
def _member($name):
  [limit(1; .members[] | if .name == $name then .value
    elif .name == "" and .value.kind == "struct" then .value | _member($name)[] else empty end)];

def _not_found($path; $at; $walked; $there):
  _fail("field '\($at)' not found in path '\($path)'"
    + (if $walked == "" then "" else " behind '\($walked)'" end) + ": " + $there);

def _index($path; $at; $walked):
  ($at | if length > 0 and length < 10 and all(explode[]; . >= 48 and . <= 57) then tonumber else null end) as $i
  | if $i == null then
      _not_found($path; $at; $walked; "there is an array of \(.len), which wants a number")
    elif .elements[$i] == null then
      _not_found($path; $at; $walked; "there is an array of \(.len), of which \(.elements | length) are captured")
    else .elements[$i] end;

def _step($path; $at; $walked):
  _follow(_hops)
  | if .kind == "struct" then
      _member($at) as $found
      | if ($found | length) > 0 then $found[0]
        else _not_found($path; $at; $walked; "members there: " + (_members | _list(32))) end
    elif .kind == "array" then _index($path; $at; $walked)
    elif .kind == "ptr" then
      _not_found($path; $at; $walked; "the pointer \(.value) was not followed: \(.skip // "unknown")")
    else _not_found($path; $at; $walked; "members there: none, it is " + _actual) end;

# "a[1].b" is "a.1.b".
def _parts: split("[") | join(".") | split("]") | join("") | split(".") | if .[0] == "" then .[1:] else . end;

# The member at a path.
def get($path):
  if ($path | type) != "string" then _fail("type mismatch: expected a path, actual " + ($path | _actual)) else . end
  | raw
  | ($path | _parts) as $parts
  | reduce range(0; $parts | length) as $i (.;
      _step($path; $parts[$i]; $parts[:$i] | join(".")));

# ---- values as what jq computes with ----

def _mismatch($expected): _fail("type mismatch: expected \($expected), actual " + _actual);

# A plain value counts as itself, so that statistics can be asked in the same way.
def _scalar: if type == "number" or type == "boolean" or type == "string" then . else raw end;

# The number of anything that has one; null for what has none.
def _as_number:
  if type == "number" then .
  elif type == "boolean" then if . then 1 else 0 end
  elif type == "string" and startswith("0x") then _hex
  elif type != "object" then null
  elif .kind == "int" or .kind == "uint" or .kind == "enum" or .kind == "ptr" then .value | _number
  elif .kind == "bool" then if .value then 1 else 0 end
  elif .kind == "char" then .value | if type == "string" then explode[0] // 0 else . end
  else null end;

def as_u64:
  _scalar
  | _as_number as $n
  | if $n == null or $n < 0 or $n > 18446744073709551615 or ($n | floor) != $n then _mismatch("u64")
    else $n end;

def as_i64:
  _scalar
  | (if type == "object" and .kind == "ptr" then null else _as_number end) as $n
  | if $n == null or $n < -9223372036854775808 or $n > 9223372036854775807 or ($n | floor) != $n
      or (type == "object" and (.value | type) == "string" and .kind != "char")
    then _mismatch("i64")
    else $n end;

def as_bool:
  _scalar | _as_number as $n | if $n == null then _mismatch("bool") else $n != 0 end;

def as_f64:
  _scalar
  | if type == "number" then .
    elif type == "object" and .kind == "float" then
      .value | if . == "nan" then nan elif . == "inf" then infinite elif . == "-inf" then -infinite else . end
    elif type == "object" and (.kind == "int" or .kind == "uint" or .kind == "enum") then _as_number
    else _mismatch("f64") end;

def as_str:
  _scalar
  | if type == "string" then .
    elif type == "object" and .kind == "enum" and .variant then .variant
    elif type == "object" and .kind == "string" then .value
    elif type == "object" and .kind == "char" and (.value | type) == "string" then .value
    elif type == "object" and .kind == "cpu_list" then .cpus
    else _mismatch("str") end;

# ---- captures ----

def _is_report: type == "object" and has("schema") and (has("snapshots") | not);

def _captures:
  if type == "array" then .
  elif type == "object" and has("snapshots") then .snapshots // _missing("no captures were taken")
  else _fail("type mismatch: expected a result or a list of captures, actual " + _actual) end;

def _with_report:
  if has("report") then .
  else _fail("the report of '\(.tag)' is not in here: it is in \(.file // "no file")") end;

# The capture of that name.
def snapshot($tag):
  _captures
  | [.[] | select(.tag == $tag)] as $found
  | if ($found | length) > 0 then $found[-1] | _with_report
    else _missing("no capture '\($tag)': there are " + ([.[].tag] | _list(32))) end;

# The capture at the scheduler's failure.
def failure:
  if _is_report then .
  elif type != "object" or (has("failure_dump") | not) then
    _fail("type mismatch: expected a result or a failure dump, actual " + _actual)
  elif .failure_dump == null then _missing("no failure was captured")
  else .failure_dump | _with_report | .reason = (.missing // .reason) end;

# The report of a capture; of a report itself.
def report:
  if type == "object" and has("report") then
    if .report == null then _missing("capture '\(.tag)' is a placeholder: \(.reason // "no reason is told")")
    else .report | report end
  elif _is_report then
    if .schema == "single" then .
    elif .schema == "degraded" then _missing("the capture is degraded: \(.reason // "no reason is told")")
    else _fail("the report has the schema \(.schema | tojson), which is not known") end
  elif type == "array" or (type == "object" and has("snapshots")) then
    _fail("which capture? snapshot(TAG), failure or periodic[N] chooses")
  elif type == "object" and has("maps") then _fail("the report has no schema")
  else _fail("type mismatch: expected a capture, actual " + _actual) end;

# A member of a report that may be null for a reason.
def part($name):
  report
  | if .[$name] != null then .[$name]
    else _missing("missing \($name): \(.reasons // {} | .[$name] // "no reason is told")") end;

# What BPF programs did; of one of them.
def stats: part("prog_stats");
def stats($name):
  stats
  | [.[] | select(.name == $name)] as $found
  | if ($found | length) > 0 then $found[0]
    else _fail("no program '\($name)': there are " + ([.[].name] | _list(32))) end;

# The report with the maps of the scheduler in force alone.
def active:
  report
  | .maps = [.maps[] | select(.active)]
  | if .maps == [] then _fail("no active scheduler: no map is in use by one") else . end;

# ---- maps ----

# The kernel keeps 15 bytes of a name.
def _of_name($name):
  [.[] | select(.name == $name)]
  | if . == [] and ($name | utf8bytelength) > 15 then null else . end;

def _maps_of($name):
  .maps as $maps
  | ($maps | _of_name($name)) // ($maps | _of_name($name[:15]));

def _prefer_active: [.[] | select(.active)] as $a | if $a == [] then . else $a end;

def _map($name):
  report
  | (_maps_of($name) | _prefer_active) as $found
  | if ($found | length) == 1 then $found[0]
    elif $found == [] then
      _fail("map '\($name)' not found: captured are " + ([.maps[].name] | unique | _list(64)))
    else _fail("map '\($name)' is ambiguous: it is found in maps " + ([$found[].id | tostring] | join(", "))
      + ": active restricts to those of the scheduler in force") end;

def _is_section: (.name // "" | contains(".bss") or contains(".data") or contains(".rodata")) and .value.kind == "struct";

def _var($name; $hint):
  [.maps[] | select(_is_section)] as $sections
  | [$sections[] | . as $m | .value | _member($name)[] | {map: $m, value: .}] as $all
  | [$all[] | select(.map.active)] as $live
  | (if $live == [] then $all else $live end) as $found
  | if ($found | length) == 1 then $found[0].value
    elif $found == [] then
      _fail("var '\($name)' not found: there are " + ([$sections[].value | _members[]] | unique | _list(64)))
    else _fail("var '\($name)' is ambiguous: it is found in " + ([$found[].map | "\(.name) (map \(.id))"] | join(", "))
      + $hint) end;

# A global variable of any program, of the scheduler in force before others.
def var($name):
  report | _var($name; ": active, live_var or map chooses");

# A global variable of the scheduler in force.
def live_var($name): active | _var($name; ": map chooses");

# ---- entries ----

# The entries of a map, as an array; a map with one value has one.
def entries:
  if type == "array" then .
  elif type != "object" then _fail("type mismatch: expected a map, actual " + _actual)
  elif .error and (has("entries") or has("percpu_entries") or has("percpu_hash_entries") or has("value") | not) then
    _missing("map '\(.name)' is not rendered: \(.error)")
  elif has("entries") then .entries
  elif has("percpu_entries") then .percpu_entries
  elif has("percpu_hash_entries") then .percpu_hash_entries
  elif has("stack_trace") then .stack_trace.entries
  elif _is_value then _fail("type mismatch: expected a map, actual " + _actual)
  elif has("value") then [{value}]
  else _fail("map '\(.name)' of type \(.map_type_name // .map_type) has no entries") end;

def _key: if .key != null then .key | plain | tostring elif .key_hex then .key_hex else empty end;

def _no_match($operation):
  (if type == "object" then "map '\(.name)'" else "the list" end) as $what
  | entries as $e
  | if $e == [] then _fail("no match for \($operation): \($what) is empty")
    else
      ([$e[:8][] | _key] | join(", ")) as $keys
      | ($e[0].key_hex != null and ($e[0].key.kind // "bytes") == "bytes") as $hex
      | _fail("no match for \($operation) in \($what) of length \($e | length)"
          + (if $keys == "" then "" else ": keys are " + $keys + (if ($e | length) > 8 then ".." else "" end) end)
          + (if $hex then " (hexadecimal only: without the program's BTF their type is not known)" else "" end))
    end;

# The entry at a place, from 0.
def at($i):
  (entries | if $i < 0 or ($i | floor) != $i then null else .[$i] end) as $found
  | if $found == null then _no_match("at(\($i))") else $found end;

# The first entry of which something is so.
def find(pred):
  [limit(1; entries[] | select(pred))] as $found
  | if $found == [] then _no_match("find") else $found[0] end;

# The entries of which something is so, as an array.
def filter(pred): [entries[] | select(pred)];

def _max_by(f): max_by(f);

# ---- series ----

# The periodic captures, in their order.
def periodic: [_captures[] | select(.trigger == "periodic") | _with_report] | sort_by(.number);

# One clock for all: milliseconds of the guest since the scenario's start, or by its jiffies.
def _clock:
  if all(.[]; .elapsed_ms != null) then [.[].elapsed_ms]
  else [.[] | (.report // {}).hz as $hz | (.jiffies // (.report // {}).jiffies) as $j
    | if $hz and $j then $j * 1000 / $hz else null end] end;

# [{tag, ms, value or error}..]: what `f` gives of each capture, the periodic ones of a result.
def series(f):
  (if type == "array" then . else periodic end) as $captures
  | ($captures | _clock) as $ms
  | [range(0; $captures | length) as $i
      | $captures[$i]
      | {tag, ms: $ms[$i]}
        + (try ([limit(1; f)] as $v | if $v == [] then {error: "it gave no value"} else {value: $v[0]} end)
           catch {error: (if type == "string" then . else tojson end)})];

def _usable: [.[] | select(has("error") | not)];

def _need($n; $what):
  if (_usable | length) < $n then
    _missing("\($what): \(_usable | length) usable samples of \(length), and it takes \($n)"
      + ([.[] | select(has("error")) | "; \(.tag): \(.error)"] | .[:2] | join("")))
  else . end;

# Neighbours [a, b]; those with an errored side are no neighbours.
def _pairs: . as $s | [range(1; length) as $i | [$s[$i - 1], $s[$i]] | select(all(.[]; has("error") | not))];

def _nan: type == "number" and isnan;

def _all_pairs($what; ok):
  _need(2; $what)
  | _pairs
  | if . == [] then _missing("\($what): no two neighbours are usable") else . end
  | [.[] | select(ok | not)] as $bad
  | if $bad == [] then true
    else $bad[0] as [$a, $b] | _no("\($what): \($a.value) at \($a.tag), then \($b.value) at \($b.tag)") end;

def nondecreasing: _all_pairs("nondecreasing"; .[0].value <= .[1].value and (any(.[]; .value | _nan) | not));
def strictly_increasing: _all_pairs("strictly_increasing"; .[0].value < .[1].value and (any(.[]; .value | _nan) | not));

def _bounds($what; $low; $high):
  if $low > $high then _fail("\($what): the lower bound \($low) is above the upper one \($high)") else . end;

# The change by millisecond.
def rate_within($low; $high):
  _bounds("rate_within"; $low; $high)
  | _need(2; "rate_within")
  | if any(_pairs[]; .[0].ms == null or .[1].ms == null or .[0].ms == .[1].ms) then
      _missing("rate_within: captures without time between them") else . end
  | _all_pairs("rate_within(\($low); \($high))";
      ((.[1].value - .[0].value) / (.[1].ms - .[0].ms)) as $r
      | ($r | isnan or isinfinite | not) and $r >= $low and $r <= $high);

# Behind the first milliseconds all stay within a fraction of their mean.
def steady_within($warm_up_ms; $tolerance):
  if any(.[]; .ms == null) then _missing("steady_within: captures without a time") else . end
  | .[0].ms as $from
  | [.[] | select(.ms - $from >= $warm_up_ms)]
  | _need(2; "steady_within")
  | _usable
  | (([.[].value] | add) / length) as $mean
  | [.[] | select((.value | _nan) or ((.value - $mean) | fabs) > ($tolerance * $mean | fabs))] as $bad
  | if $bad == [] then true
    else _no("steady_within: \($bad[0].value) at \($bad[0].tag), the mean is \($mean)") end;

# Three in a row are near the target before the deadline.
def converges_to($target; $tolerance; $deadline_ms):
  _need(3; "converges_to")
  | if any(.[]; .ms == null) then _missing("converges_to: captures without a time") else . end
  | .[0].ms as $from
  | [.[] | select(.ms - $from <= $deadline_ms)
      | (has("error") | not) and ((.value - $target) | fabs) <= $tolerance] as $near
  | if any(range(2; $near | length); $near[. - 2] and $near[. - 1] and $near[.]) then true
    else _no("converges_to: no three in a row are within \($tolerance) of \($target) in \($deadline_ms) ms") end;

# All of them; one that could not be read fails it.
def _each($what; ok):
  if length == 0 then _missing("\($what): there are no samples")
  else
    [.[] | select(has("error") or (.value | _nan) or (ok | not))] as $bad
    | if $bad == [] then true
      else $bad[0] | _no("\($what): \(.tag): \(if has("error") then .error elif .value | _nan then "not a number" else .value end)") end
  end;

def always_true: _each("always_true"; .value == true);
def each_at_least($low): _each("each_at_least(\($low))"; .value >= $low);
def each_at_most($high): _each("each_at_most(\($high))"; .value <= $high);
def each_between($low; $high):
  _bounds("each_between"; $low; $high)
  | _each("each_between(\($low); \($high))"; .value >= $low and .value <= $high);

# Each divided by its partner in another series.
def ratio_within($other; $low; $high):
  _bounds("ratio_within"; $low; $high)
  | if length != ($other | length) then
      _fail("ratio_within: series of \(length) and \($other | length) samples") else . end
  | . as $s
  | [range(0; length) as $i | $s[$i] as $a | $other[$i] as $b
      | if ($a | has("error")) or ($b | has("error")) then {tag: $a.tag, error: ($a.error // $b.error)}
        elif $b.value == 0 then _missing("ratio_within: \($b.tag) is divided by 0")
        else {tag: $a.tag, value: ($a.value / $b.value)} end]
  | _each("ratio_within(\($low); \($high))"; .value >= $low and .value <= $high);

# ---- names that jq has, too: on what is no map or capture they do what jq's do ----

# The entry of a map of which `f` is greatest.
def max_by(f):
  if type == "array" then _max_by(f)
  else (entries | if . == [] then null else _max_by(f) end) as $found
    | if $found == null then _no_match("max_by") else $found end end;

# The map of that name in a capture.
def map(f):
  if type == "object" and (has("schema") or has("maps") or has("report")) then f as $name | _map($name)
  else [.[] | f] end;
