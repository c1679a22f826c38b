# SPDX-License-Identifier: Apache-2.0
"""clients.py idl|ovsdbapp PORT: what programs that use these libraries do, at $OVSDB, to
bridge br0, which has the ports a and b; PORT is a device that becomes one.  Raises at the
first thing that is not as it should be."""

import logging
import os
import sys
import time

LIMIT = 20  # seconds
OVSDB = os.environ["OVSDB"]


def demand(holds, what):
    if not holds:
        sys.exit(f"does not hold: {what}")


def by_name(client, table, name):
    return next((r for r in client.tables[table].rows.values() if r.name == name), None)


def until(client, holds):
    import ovs.poller

    end = time.monotonic() + LIMIT
    while not holds():
        demand(time.monotonic() < end, "in time")
        poller = ovs.poller.Poller()
        client.wait(poller)
        poller.timer_wait(1000)
        poller.block()
        client.run()


def idl(port):
    import ovs.db.idl

    def connect():
        helper = ovs.db.idl.SchemaHelper(
            os.path.join(os.path.dirname(__file__), "../../schema/vswitch.ovsschema")
        )
        helper.register_columns("Open_vSwitch", ["cur_cfg", "next_cfg", "bridges"])
        helper.register_table("Bridge")
        helper.register_table("Port")
        helper.register_columns("Interface", ["name", "ofport", "type", "statistics"])
        return ovs.db.idl.Idl(OVSDB, helper)

    client = connect()
    until(client, lambda: client.has_ever_connected() and by_name(client, "Bridge", "br0"))

    txn = ovs.db.idl.Transaction(client)
    interface = txn.insert(client.tables["Interface"])
    interface.name = port
    row = txn.insert(client.tables["Port"])
    row.name = port
    row.interfaces = [interface]
    by_name(client, "Bridge", "br0").addvalue("ports", row)
    root = next(iter(client.tables["Open_vSwitch"].rows.values()))
    root.increment("next_cfg")
    demand(txn.commit_block() == txn.SUCCESS, txn.get_error())
    wanted = txn.get_increment_new_value()
    until(client, lambda: root.cur_cfg >= wanted)
    demand(by_name(client, "Interface", port).ofport[0] > 0, "the port has a number")

    # It changes under a transaction: the client is told to try again.
    txn = ovs.db.idl.Transaction(client)
    bridge = by_name(client, "Bridge", "br0")
    bridge.verify("external_ids")
    bridge.setkey("external_ids", "who", "first")
    other = connect()
    until(other, lambda: by_name(other, "Bridge", "br0"))
    theirs = ovs.db.idl.Transaction(other)
    by_name(other, "Bridge", "br0").setkey("external_ids", "who", "second")
    demand(theirs.commit_block() == theirs.SUCCESS, "the other one's commit")
    demand(txn.commit_block() == txn.TRY_AGAIN, "a conflict is seen")
    until(client, lambda: bridge.external_ids.get("who") == "second")
    other.close()
    client.close()


def ovsdbapp(port):
    from ovsdbapp.backend.ovs_idl import connection
    from ovsdbapp.schema.open_vswitch import impl_idl

    # It only logs that a switch did not do its part.
    complaints = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: complaints.append(record.getMessage())
    logging.getLogger().addHandler(handler)

    idl_ = connection.OvsdbIdl.from_server(OVSDB, "Open_vSwitch")
    api = impl_idl.OvsdbIdl(connection.Connection(idl_, LIMIT))

    def run(command):
        return command.execute(check_error=True)

    demand(run(api.list_br()) == ["br0"], "there is a bridge")
    run(api.add_br("br1"))
    demand(run(api.br_exists("br1")), "it was added")
    run(api.br_set_external_id("br1", "k", "v"))
    demand(run(api.br_get_external_id("br1", "k")) == "v", "its external id")
    run(api.del_br("br1"))
    run(api.add_br("br0"))  # may exist
    with api.transaction(check_error=True) as txn:
        txn.add(api.add_port("br0", port))
        txn.add(api.db_set("Port", port, ("tag", 7)))
        txn.add(api.db_set("Interface", port, ("external_ids", {"iface-id": "x"})))
    demand(run(api.port_to_br(port)) == "br0", "the port's bridge")
    demand(sorted(run(api.list_ports("br0"))) == ["a", "b", port], "its ports")
    demand(run(api.db_get("Interface", port, "ofport")) > 0, "its number")
    found = run(api.db_find("Port", ("tag", "=", 7), columns=["name", "tag"]))
    demand(found == [{"name": port, "tag": 7}], found)
    demand(run(api.iface_get_external_id(port, "iface-id")) == "x", "its external id")

    with api.transaction(check_error=True) as txn:
        mirror = txn.add(
            api.db_create(
                "Mirror",
                name="m0",
                select_src_port=[run(api.db_get("Port", "a", "_uuid"))],
                output_port=run(api.db_get("Port", port, "_uuid")),
            )
        )
        txn.add(api.db_add("Bridge", "br0", "mirrors", mirror))
    names = [row["name"] for row in run(api.db_list("Mirror", columns=["name"]))]
    demand(names == ["m0"], names)

    run(api.db_set("Bridge", "br0", ("other_config", {"x": "1", "y": "2"})))
    run(api.db_remove("Bridge", "br0", "other_config", "x"))
    demand(run(api.db_get("Bridge", "br0", "other_config")) == {"y": "2"}, "a key removed")
    run(api.db_clear("Bridge", "br0", "other_config"))
    run(api.set_controller("br0", ["tcp:127.0.0.1:16653"]))
    demand(run(api.get_controller("br0")) == ["tcp:127.0.0.1:16653"], "the controller")
    run(api.del_controller("br0"))
    run(api.del_port("b", "br0"))
    run(api.add_port("br0", "b"))
    demand(not complaints, complaints)
    api.ovsdb_connection.stop()


{f.__name__: f for f in (idl, ovsdbapp)}[sys.argv[1]](sys.argv[2])
