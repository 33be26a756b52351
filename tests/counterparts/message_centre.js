// A carrier's message centre by npm's `smpp`, which knows nothing of our adapter.
//
// node message_centre.js MODULES PORT SYSTEM_ID PASSWORD: listens on loopback, writes each message
// that it takes as a line of JSON, and sends a receipt for it. The end of a number decides what
// becomes of it: 088 too many, 011 no such number, 008 broken, 055 taken but not delivered.
"use strict";

const [modules, port, systemId, password] = process.argv.slice(2);
const smpp = require(`${modules}/smpp`);

const REFUSED = { "088": smpp.ESME_RTHROTTLED, "011": smpp.ESME_RINVDSTADR, "008": smpp.ESME_RSYSERR };
let count = 0;

function textOf(pdu) {
  const held = pdu.message_payload || pdu.short_message;
  const content = held && held.message !== undefined ? held.message : held;
  if (!Buffer.isBuffer(content)) return String(content);
  return pdu.data_coding === 8 ? Buffer.from(content).swap16().toString("utf16le") : content.toString("latin1");
}

function receipt(session, pdu, reference) {
  const failed = pdu.destination_addr.endsWith("055");
  const state = failed ? "stat:UNDELIV err:069" : "stat:DELIVRD err:000";
  const dates = "submit date:2611211000 done date:2611211001";
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    short_message: `id:${reference} sub:001 dlvrd:001 ${dates} ${state} text:`,
  });
}

const server = smpp.createServer((session) => {
  session.on("error", () => session.destroy());
  session.on("bind_transceiver", (pdu) => {
    if (pdu.system_id === systemId && pdu.password === password) {
      session.send(pdu.response());
      return;
    }
    const status = pdu.system_id === systemId ? smpp.ESME_RINVPASWD : smpp.ESME_RINVSYSID;
    session.send(pdu.response({ command_status: status }));
    session.close();
  });
  session.on("submit_sm", (pdu) => {
    const status = REFUSED[pdu.destination_addr.slice(-3)];
    if (status) {
      session.send(pdu.response({ command_status: status }));
      return;
    }
    count += 1;
    const reference = `r${count}`;
    const seen = { reference, to: pdu.destination_addr, from: pdu.source_addr, text: textOf(pdu) };
    process.stdout.write(`${JSON.stringify({ ...seen, lasting: String(pdu.validity_period) })}\n`);
    session.send(pdu.response({ message_id: reference }));
    receipt(session, pdu, reference);
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
});

server.listen(Number(port), "127.0.0.1");
