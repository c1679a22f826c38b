#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Our schema file against the one that Debian ships: whatever a stock client knows
# must be there, with the same type, and nothing else but the columns of newer releases.

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	ours=$root/schema/vswitch.ovsschema
	stock=$root/build/peers/usr/share/openvswitch/vswitch.ovsschema
}

@test "every table and column of the stock schema, and only the known newer ones beside" {
	python3 - "$stock" "$ours" <<'END'
import json
import sys

NEWER = {
    "CT_Zone.limit",
    "Datapath.ct_zone_default_limit",
    "Flow_Sample_Collector_Set.local_group_id",
    "IPFIX.stats_interval",
    "IPFIX.template_interval",
    "Mirror.filter",
}
# Columns of which a newer release allows more values: stock type, our type.
WIDENED = {"Flow_Table.prefixes": ({"max": 3}, {"max": 4})}


def base(b):
    """A base type with nothing left to shorthand."""
    b = {"type": b} if isinstance(b, str) else dict(b)
    if "enum" in b:
        e = b["enum"]
        b["enum"] = sorted(e[1]) if isinstance(e, list) else [e]
    if "refTable" in b:
        b.setdefault("refType", "strong")
    return b


def column(c):
    t = c["type"]
    t = {"key": t} if isinstance(t, str) else dict(t)
    t["key"] = base(t["key"])
    if "value" in t:
        t["value"] = base(t["value"])
    t.setdefault("min", 1)
    t.setdefault("max", 1)
    extra = set(c) - {"type", "ephemeral", "mutable"}
    assert not extra, extra
    return t, c.get("ephemeral", False), c.get("mutable", True)


def load(name):
    tables = json.load(open(name))["tables"]
    shapes = {
        name: (t.get("isRoot", False), t.get("maxRows"), t.get("indexes", []))
        for name, t in tables.items()
    }
    columns = {f"{n}.{c}": column(d) for n, t in tables.items() for c, d in t["columns"].items()}
    return shapes, columns


(stock_tables, stock), (our_tables, ours) = load(sys.argv[1]), load(sys.argv[2])
faults = []
if stock_tables != our_tables:
    faults.append(f"tables differ: stock {stock_tables}, ours {our_tables}")
for name, want in stock.items():
    if name in WIDENED:
        before, after = WIDENED[name]
        assert before.items() <= want[0].items(), name
        want = ({**want[0], **after}, *want[1:])
    if ours.get(name) != want:
        faults.append(f"{name}: stock {want}, ours {ours.get(name)}")
if set(ours) - set(stock) != NEWER:
    faults.append(f"additions: {sorted(set(ours) - set(stock))}, expected {sorted(NEWER)}")
print("\n".join(faults))
sys.exit(bool(faults))
END
}

@test "19 tables, one line a column" {
	[ "$(jq '.tables | length' "$ours")" -eq 19 ]
	columns=$(jq '[.tables[].columns | length] | add' "$ours")
	[ "$(grep -c '^        "[a-zA-Z_]*": {"type"' "$ours")" -eq "$columns" ]
}

@test "checksum is that of the file without its checksum line" {
	run sh -c "sed '/\"cksum\"/d' '$ours' | cksum"
	echo "the cksum line must say: $output"
	[ "$(jq -r .cksum "$ours")" = "$output" ]
	[ "$("$root/build/peers/bin/ovsdb-tool" schema-cksum "$ours")" = "$output" ]
}

@test "stock ovsdb-tool makes a database of it" {
	db=$BATS_TEST_TMPDIR/conf.db
	tool=$root/build/peers/bin/ovsdb-tool
	"$tool" create "$db" "$ours"
	[ "$("$tool" db-version "$db")" = 8.8.0 ]
	run "$tool" query "$db" '["Open_vSwitch",{"op":"select","table":"Mirror","where":[],"columns":["filter"]}]'
	[ "$output" = '[{"rows":[]}]' ]
}
