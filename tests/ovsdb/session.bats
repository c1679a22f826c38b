#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Conversations, each played with our server and with the stock one: methods, their
# errors, locks, waits, what closes a connection.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

# Plays stdin with both servers.
play() {
	local script
	script=$(cat)
	bvsd --schema="$schema"
	python3 "$BATS_TEST_DIRNAME/rpc.py" "$dir/db.sock" <<<"$script"
	kill -0 "$pid" # and lives on
	stock "$schema"
	python3 "$BATS_TEST_DIRNAME/rpc.py" "$dir/stock.sock" <<<"$script"
}

# Plays stdin with ours: where the stock one crashes, or has no such limit.
play_ours() {
	bvsd --schema="$schema"
	python3 "$BATS_TEST_DIRNAME/rpc.py" "$dir/db.sock"
	kill -0 "$pid"
}

@test "list_dbs, get_schema, get_server_id, echo, unknown methods" {
	play <<'END'
a> {"method":"list_dbs","params":["ignored",null],"id":1}
a< {"id":1,"result":["S","_Server"],"error":null}
a> {"method":"get_schema","params":["_Server","ignored"],"id":2}
a< {"id":2,"result":"*","error":null}
a> {"method":"get_schema","params":[],"id":3}
a< {"id":3,"error":{"syntax":"[]","details":"get_schema request params must begin with <db-name>","error":"syntax error"}}
a> {"method":"get_schema","params":["nope"],"id":3}
a< {"id":3,"error":{"syntax":"[\"nope\"]","details":"get_schema request specifies unknown database nope","error":"unknown database"}}
a> {"method":"get_server_id","params":[1],"id":4}
a< {"id":4,"result":"*","error":null}
a> {"method":"echo","params":[1.0,0.1,"x",1e20,null,{"b":1,"a":[]}],"id":"str"}
a< {"id":"str","result":[1,0.1,"x",1e20,null,{"b":1,"a":[]}],"error":null}
a> {"method":"echo","params":[],"id":{"a":[1]}}
a< {"id":{"a":[1]},"result":[],"error":null}
a> {"method":"nope","params":[],"id":5}
a< {"id":5,"error":"unknown method"}
a> {"method":"cancel","params":[5],"id":5}
a< {"id":5,"error":"unknown method"}
a> {"method":"nope","params":[],"id":null}{"method":"nope","params":[]}
a< nothing
a> {"method":"set_db_change_aware","params":[true],"id":6}
a< {"id":6,"result":{},"error":null}
a> {"method":"set_db_change_aware","params":[1],"id":6}
a< {"id":6,"error":{"syntax":"[1]","details":"set_db_change_aware: true or false parameter expected","error":"syntax error"}}
a> {"method":"transact","params":[],"id":7}
a< {"id":7,"error":{"syntax":"[]","details":"transact request params must begin with <db-name>","error":"syntax error"}}
a> {"method":"transact","params":["S"],"id":8}
a< {"id":8,"result":[],"error":null}
a> {"method":"transact","params":["S",{"op":"commit","durable":true}],"id":9}
a< {"id":9,"result":[{}],"error":null}
END
}

@test "messages are found in the stream however they are cut" {
	play <<'END'
a> {"method":"echo","pa
a> rams":["}\"{"],"i
a> d":1}{"method":"echo","params":[2],"id":2}   {"method":"echo",
a< {"id":1,"result":["}\"{"],"error":null}
a< {"id":2,"result":[2],"error":null}
a> "params":[3],"id":3}
a< {"id":3,"result":[3],"error":null}
a> {"method":"echo","params":[{"a":1,"a":2}],"id":4}
a< {"id":4,"result":[{"a":2}],"error":null}
a> {"method":"echo","params":[99999999999999999999],"id":5,"result":null,"error":null}
a< {"id":5,"result":[1e20],"error":null}
END
}

@test "what is no JSON-RPC closes the connection, and only that one" {
	local bad script='z> {"method":"echo","params":[],"id":1}'$'\n'
	while read -r bad; do
		script+="a> $bad"$'\n''a< closed'$'\n''a! close'$'\n'
	done <<'END'
{"foo":1}
[1,2]
"x"
{]
{"method":"echo","id":1}
{"method":"echo","params":null,"id":1}
{"method":"echo","params":{},"id":1}
{"method":1,"params":[],"id":1}
{"method":"echo","params":[],"id":1,"jsonrpc":"2.0"}
{"id":36,"result":{},"error":null}
{"id":36,"error":"x"}
{"id":1,"result":null,"error":null}
{"method":"echo","params":[01],"id":1}
{"method":"echo","params":[1.],"id":1}
{"method":"echo","params":[1e309],"id":1}
{"method":"echo","params":["\u0000"],"id":1}
{"method":"echo","params":[-01],"id":1}
{"method":"echo","params":[1e],"id":1}
{"method":"echo","params":[4.9e-324],"id":1}
{"method":"echo","params":[1e99999999999],"id":1}
{"method":"echo","params":["\ud800"],"id":1}
{"method":"echo","params":["\ud800\u0041"],"id":1}
{"method":"echo","params":["\x"],"id":1}
{"method":"echo","params":["\u12"],"id":1}
{"method":"echo","params":[1,],"id":1}
{"method":"echo","params":[{"a":1,}],"id":1}
{"method":"echo","params":[truee],"id":1}
{"method":"echo","params":[]:"id":1}
END
	script+='z< {"id":1,"result":[],"error":null}'$'\n''z< nothing'
	play <<<"$script"
}

@test "a number that is an integer of 64 bits is one, however it is written" {
	play <<'END'
a> {"method":"echo","params":[1.0,1e3,-0.0,150e-1,0.1e1,100000000000000000000e-3,922337203685477580700e-2],"id":1.0}
a< {"id":1,"result":[1,1000,0,15,1,100000000000000000,9223372036854775807],"error":null}
a> {"method":"echo","params":[-9223372036854775808,1.5,15e-1,1e-400,1e19],"id":1e0}
a< {"id":1,"result":[-9223372036854775808,1.5,1.5,0,1e19],"error":null}
a> {"method":"transact","params":["S",{"op":"insert","table":"Root","row":{"i":1.2e1,"r":99999999999999999999}},{"op":"select","table":"Root","where":[["i","==",120e-1]],"columns":["i","r"]}],"id":2}
a< {"id":2,"result":[{"uuid":"*"},{"rows":[{"i":12,"r":1e20}]}],"error":null}
a> {"method":"transact","params":["S",{"op":"insert","table":"Root","row":{"i":99999999999999999999}}],"id":3}
a< {"id":3,"result":[{"details":"expected integer","error":"syntax error","syntax":"1e+20"}],"error":null}
END
}

@test "strings are taken as the bytes they are, but stored only as UTF-8" {
	play <<END
a> {"method":"echo","params":["\udc00",{"$(printf '\xff')":1}],"id":"$(printf 'a\xc3')"}
a< {"id":"$(printf 'a\xc3')","result":["$(printf '\xed\xb0\x80')",{"$(printf '\xff')":1}],"error":null}
a> {"method":"transact","params":["S",{"op":"comment","comment":"$(printf '\xff')"},{"op":"$(printf '\xfe')"}],"id":1}
a< {"id":1,"result":[{},{"syntax":"{\\"op\\":\\"$(printf '\xfe')\\"}","details":"Parsing ovsdb operation 2 of 2 failed: Type mismatch for member 'op'.","error":"syntax error"}],"error":null}
a> {"method":"transact","params":["S",{"op":"insert","table":"Root","row":{"name":"\u20ac$(printf '\xc3')("}}],"id":2}
a< {"id":2,"result":[{"details":"not a valid UTF-8 string: invalid UTF-8 sequence 0xc3 0x28","error":"constraint violation"}],"error":null}
a> {"method":"transact","params":["S",{"op":"insert","table":"Root","row":{"name":"\udc00"}}],"id":3}
a< {"id":3,"result":[{"details":"not a valid UTF-8 string: invalid UTF-8 sequence 0xed 0xb0","error":"constraint violation"}],"error":null}
a> {"method":"transact","params":["S",{"op":"select","table":"Root","where":[["name","==","x$(printf '\xe2\x82')"]]}],"id":4}
a< {"id":4,"result":[{"details":"not a valid UTF-8 string: invalid UTF-8 sequence 0xe2 0x82 0x00","error":"constraint violation"}],"error":null}
END
}

@test "nesting of more than 1000 closes, less does not" {
	local fits deep
	fits=$(printf '[%.0s' {1..999})$(printf ']%.0s' {1..999})
	deep=$(printf '[%.0s' {1..1000})$(printf ']%.0s' {1..1000})
	play <<END
a> {"method":"echo","params":$fits,"id":1}
a< {"id":1,"result":"*","error":null}
a> {"method":"echo","params":$deep,"id":1}
a< closed
END
}

@test "locks: queue, theft, release, end of a client, errors" {
	play <<'END'
a> {"method":"lock","params":["l"],"id":1}
a< {"id":1,"result":{"locked":true},"error":null}
b> {"method":"lock","params":["l"],"id":1}
b< {"id":1,"result":{"locked":false},"error":null}
c> {"method":"lock","params":["l"],"id":1}
c< {"id":1,"result":{"locked":false},"error":null}
a> {"method":"lock","params":["l"],"id":2}
a< {"id":2,"error":{"syntax":"[\"l\"]","details":"must issue \"unlock\" before new \"lock\"","error":"syntax error"}}
a> {"method":"steal","params":["l"],"id":2}
a< {"id":2,"error":{"syntax":"[\"l\"]","details":"must issue \"unlock\" before new \"steal\"","error":"syntax error"}}
a> {"method":"unlock","params":["m"],"id":3}
a< {"id":3,"error":{"syntax":"[\"m\"]","details":"unlock: \"unlock\" without \"lock\" or \"steal\"","error":"syntax error"}}
a> {"method":"lock","params":["9x"],"id":3}
a< {"id":3,"error":{"syntax":"[\"9x\"]","details":"lock request params must be <id>","error":"syntax error"}}
a> {"method":"lock","params":["x","y"],"id":3}
a< {"id":3,"error":{"syntax":"[\"x\",\"y\"]","details":"lock request params must be <id>","error":"syntax error"}}
d> {"method":"steal","params":["l"],"id":1}
d< {"id":1,"result":{"locked":true},"error":null}
a< {"id":null,"method":"stolen","params":["l"]}
a> {"method":"transact","params":["S",{"op":"assert","lock":"l"}],"id":4}
a< {"id":4,"result":[{"error":"not owner","details":"Asserted lock l not held."}],"error":null}
d> {"method":"transact","params":["S",{"op":"assert","lock":"l"}],"id":4}
d< {"id":4,"result":[{}],"error":null}
d! close
# Who was robbed comes first, then the queue.
a< {"id":null,"method":"locked","params":["l"]}
b< nothing
a> {"method":"unlock","params":["l"],"id":5}
a< {"id":5,"result":{},"error":null}
b< {"id":null,"method":"locked","params":["l"]}
b> {"method":"unlock","params":["l"],"id":5}
b< {"id":5,"result":{},"error":null}
c< {"id":null,"method":"locked","params":["l"]}
c> {"method":"unlock","params":["l"],"id":5}
c< {"id":5,"result":{},"error":null}
c< nothing
END
}

@test "a wait blocks until another client satisfies it, and its update comes first" {
	play <<'END'
a> {"method":"monitor_cond","params":["S",["m",1],{"Root":[{"columns":["name"]}]}],"id":0}
a< {"id":0,"result":{},"error":null}
a> {"method":"transact","params":["S",{"op":"wait","table":"Root","where":[],"columns":["name"],"until":"==","rows":[{"name":"x"}]},{"op":"insert","table":"Root","uuid":"11111111-0000-0000-0000-000000000000","row":{"name":"y"}}],"id":1}
a< nothing
b> {"method":"transact","params":["S",{"op":"insert","table":"Kid","row":{"n":1}}],"id":2}
b< {"id":2,"result":[{"uuid":"*"}],"error":null}
a< nothing
b> {"method":"transact","params":["S",{"op":"insert","table":"Root","uuid":"22222222-0000-0000-0000-000000000000","row":{"name":"x"}}],"id":3}
b< {"id":3,"result":[{"uuid":"*"}],"error":null}
a< {"id":null,"method":"update2","params":[["m",1],{"Root":"*"}]}
a< {"id":1,"result":[{},{"uuid":["uuid","11111111-0000-0000-0000-000000000000"]}],"error":null}
END
}

@test "a wait with a timeout is answered in time" {
	play <<'END'
a> {"method":"transact","params":["S",{"op":"wait","timeout":50,"table":"Root","where":[],"columns":["name"],"until":"==","rows":[{"name":"x"}]},{"op":"comment","comment":"not run"}],"id":1}
a< {"id":1,"result":[{"error":"timed out","details":"*"},null],"error":null}
a> {"method":"transact","params":["S",{"op":"wait","timeout":50,"table":"Root","where":[],"columns":["name"],"until":"==","rows":[]}],"id":2}
a< {"id":2,"result":[{}],"error":null}
END
}

@test "waits: duplicate ids are refused, cancel ends them, a client that goes takes them along" {
	play_ours <<'END'
a> {"method":"transact","params":["S",{"op":"wait","table":"Root","where":[],"columns":["name"],"until":"==","rows":[{"name":"x"}]}],"id":"W"}
a> {"method":"transact","params":["S"],"id":"W"}
a< {"id":"W","error":{"syntax":"[\"S\"]","details":"transact: duplicate request ID","error":"syntax error"}}
a> {"method":"cancel","params":["other"],"id":null}
a< nothing
a> {"method":"cancel","params":["W"],"id":null}
a< {"id":"W","error":"canceled"}
b> {"method":"transact","params":["S",{"op":"wait","table":"Root","where":[],"columns":["name"],"until":"==","rows":[{"name":"x"}]},{"op":"delete","table":"Root","where":[]}],"id":"W"}
b< nothing
b! close
a> {"method":"transact","params":["S",{"op":"insert","table":"Root","row":{"name":"x"}}],"id":1}
a< {"id":1,"result":[{"uuid":"*"}],"error":null}
a> {"method":"transact","params":["S",{"op":"select","table":"Root","where":[],"columns":["name"]}],"id":2}
a< {"id":2,"result":[{"rows":[{"name":"x"}]}],"error":null}
END
}

@test "_Server is served and read-only" {
	play <<'END'
a> {"method":"transact","params":["_Server",{"op":"select","table":"Database","where":[["name","==","S"]],"columns":["name","model","connected","leader","cid","sid","index"]}],"id":1}
a< {"id":1,"result":[{"rows":[{"name":"S","model":"standalone","connected":true,"leader":true,"cid":["set",[]],"sid":["set",[]],"index":["set",[]]}]}],"error":null}
a> {"method":"transact","params":["_Server",{"op":"update","table":"Database","where":[],"row":{}}],"id":2}
a< {"id":2,"result":[{"error":"not allowed","details":"update operation not allowed on table in reserved database _Server"}],"error":null}
a> {"method":"transact","params":["_Server",{"op":"delete","table":"Database","where":[]}],"id":3}
a< {"id":3,"result":[{"error":"not allowed","details":"delete operation not allowed on table in reserved database _Server"}],"error":null}
END
}

@test "monitor requests: errors" {
	play <<'END'
a> {"method":"monitor_cond","params":[],"id":1}
a< {"id":1,"error":{"syntax":"[]","details":"monitor_cond request params must begin with <db-name>","error":"syntax error"}}
a> {"method":"monitor_cond","params":["S",1],"id":1}
a< {"id":1,"error":{"syntax":"[\"S\",1]","details":"invalid parameters","error":"syntax error"}}
a> {"method":"monitor_cond","params":["S",1,{},"x"],"id":1}
a< {"id":1,"error":{"syntax":"[\"S\",1,{},\"x\"]","details":"invalid parameters","error":"syntax error"}}
a> {"method":"monitor_cond","params":["S",null,{}],"id":1}
a< {"id":1,"result":{},"error":null}
a> {"method":"monitor_cond","params":["S",null,{}],"id":1}
a< {"id":1,"error":{"syntax":"null","details":"duplicate monitor ID","error":"syntax error"}}
a> {"method":"monitor_cond_since","params":["S",6,{}],"id":1}
a< {"id":1,"error":{"syntax":"[\"S\",6,{}]","details":"invalid parameters","error":"syntax error"}}
a> {"method":"monitor_cond_since","params":["S",6,{},1],"id":1}
a< {"id":1,"error":{"syntax":"1","details":"last-txn-id must be string","error":"syntax error"}}
a> {"method":"monitor_cond_since","params":["S",6,{},"x"],"id":1}
a< {"id":1,"error":{"syntax":"\"x\"","details":"last-txn-id must be UUID format.","error":"syntax error"}}
a> {"method":"monitor_cond_since","params":["S",6,{},"00000000-0000-0000-0000-000000000000"],"id":1}
a< {"id":1,"result":[false,"*",{}],"error":null}
a> {"method":"monitor","params":["S",7,{},"ignored"],"id":1}
a< {"id":1,"result":{},"error":null}
a> {"method":"monitor_cond_change","params":[6,7,{}],"id":1}
a< {"id":1,"error":{"syntax":"7","details":"duplicate monitor ID","error":"syntax error"}}
a> {"method":"monitor_cond_change","params":[99,7,{}],"id":1}
a< {"id":1,"error":{"syntax":"99","details":"unknown monitor session","error":"syntax error"}}
a> {"method":"monitor_cond_change","params":[6,6],"id":1}
a< {"id":1,"error":{"syntax":"[6,6]","details":"invalid parameters","error":"syntax error"}}
a> {"method":"monitor_cond_change","params":[6,6,3],"id":1}
a< {"id":1,"error":{"details":"monitor-cond-change-requests must be object","error":"syntax error"}}
a> {"method":"monitor_cond_change","params":[6,6,{"Root":[{"where":[]}]}],"id":1}
a< {"id":1,"error":{"details":"no table named Root in monitor session","error":"syntax error"}}
a> {"method":"monitor_cancel","params":[99],"id":1}
a< {"id":1,"error":"unknown monitor"}
a> {"method":"monitor_cancel","params":[],"id":1}
a< {"id":1,"error":"invalid parameters"}
a> {"method":"monitor_cancel","params":[6],"id":1}
a< {"id":1,"result":{},"error":null}
END
}

@test "weak references to a row that goes are taken away, and that is told" {
	play <<'END'
a> {"method":"transact","params":["S",{"op":"insert","table":"Kid","uuid-name":"k","uuid":"aaaaaaaa-0000-0000-0000-000000000000","row":{}},{"op":"insert","table":"Root","row":{"name":"owner","kids":["named-uuid","k"]}},{"op":"insert","table":"Root","uuid":"11111111-0000-0000-0000-000000000000","row":{"weak":["named-uuid","k"],"weak1":["named-uuid","k"]}}],"id":1}
a< {"id":1,"result":[{"uuid":"*"},{"uuid":"*"},{"uuid":"*"}],"error":null}
a> {"method":"monitor_cond","params":["S",1,{"Root":[{"columns":["weak","weak1"]}]}],"id":2}
a< {"id":2,"result":"*","error":null}
a> {"method":"monitor","params":["S",2,{"Kid":[{"columns":["n"]}]}],"id":2}
a< {"id":2,"result":"*","error":null}
a> {"method":"monitor_cancel","params":[2],"id":3}
a< {"id":3,"result":{},"error":null}
a> {"method":"transact","params":["S",{"op":"update","table":"Root","where":[["name","==","owner"]],"row":{"kids":["set",[]]}}],"id":4}
a< {"id":null,"method":"update2","params":[1,{"Root":{"11111111-0000-0000-0000-000000000000":{"modify":{"weak":["uuid","aaaaaaaa-0000-0000-0000-000000000000"],"weak1":["set",[]]}}}}]}
a< {"id":4,"result":[{"count":1}],"error":null}
END
}

@test "after monitor_cond_change all updates carry the new id" {
	play <<'END'
a> {"method":"monitor_cond","params":["S",["old"],{"Root":[{"columns":["i"],"where":[["i","<",10]]}]}],"id":1}
a< {"id":1,"result":{},"error":null}
a> {"method":"transact","params":["S",{"op":"insert","table":"Root","uuid":"11111111-0000-0000-0000-000000000000","row":{"i":1}}],"id":2}
a< {"id":null,"method":"update2","params":[["old"],{"Root":{"11111111-0000-0000-0000-000000000000":{"insert":{"i":1}}}}]}
a< {"id":2,"result":[{"uuid":"*"}],"error":null}
a> {"method":"monitor_cond_change","params":[["old"],"new",{"Root":[{"where":[["i",">=",10]]}]}],"id":3}
a< {"id":null,"method":"update2","params":["new",{"Root":{"11111111-0000-0000-0000-000000000000":{"delete":null}}}]}
a< {"id":3,"result":{},"error":null}
a> {"method":"transact","params":["S",{"op":"update","table":"Root","where":[],"row":{"i":10}}],"id":4}
a< {"id":null,"method":"update2","params":["new",{"Root":{"11111111-0000-0000-0000-000000000000":{"insert":{"i":10}}}}]}
a< {"id":4,"result":[{"count":1}],"error":null}
END
}

@test "requests that crash the stock server are answered" {
	play_ours <<'END'
a> {"method":"monitor","params":["S",1],"id":1}
a< {"id":1,"error":{"syntax":"[\"S\",1]","details":"invalid parameters","error":"syntax error"}}
a> {"method":"monitor","params":["S"],"id":1}
a< {"id":1,"error":{"syntax":"[\"S\"]","details":"invalid parameters","error":"syntax error"}}
a> {"method":"monitor_cond","params":["S",2,{"Root":[]}],"id":1}
a< {"id":1,"result":{},"error":null}
a> {"method":"monitor_cond_change","params":[2,3,{"Root":[{"where":[false]}]}],"id":1}
a< {"id":1,"result":{},"error":null}
a> {"method":"monitor_cond_change","params":[3,3,{"Root":[{}]}],"id":1}
a< {"id":1,"error":{"syntax":"{}","details":"Parsing table Root failed: Required 'where' member is missing.","error":"syntax error"}}
END
}
