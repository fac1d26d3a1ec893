-- SPDX-License-Identifier: BSD-3-Clause
-- Wireshark's view of the frames that cross between processes (core/wire/frame.h, harness/doc/wire.md):
--     tshark -X lua_script:dawdle.lua -r FILE -Y dawdle        or copy it to the folder of personal Lua plug-ins
-- Frames are recognised by their first bytes in UDP, whatever the port; over af_packet they are UDP as well.

local dawdle = Proto("dawdle", "Dawdle parameter exchange")
local HEAD = 54
local kinds = { "HELLO", "HELLO_ACK", "DATA", "ACK", "PROBE", "ECHO", "BYE" }
local f = {
    version = ProtoField.uint8("dawdle.version", "Version"),
    kind = ProtoField.uint8("dawdle.type", "Type", base.DEC, kinds),
    flags = ProtoField.uint8("dawdle.flags", "Flags", base.HEX),
    last = ProtoField.bool("dawdle.flags.last", "Last chunk, or no answer wanted", 8, nil, 1),
    resent = ProtoField.bool("dawdle.flags.resent", "Sent before", 8, nil, 2),
    keyphase = ProtoField.bool("dawdle.flags.keyphase", "Key phase", 8, nil, 4),
    head = ProtoField.uint8("dawdle.head_bytes", "Header bytes"),
    from = ProtoField.uint16("dawdle.from", "From process"),
    stream = ProtoField.uint16("dawdle.stream", "Stream"),
    session = ProtoField.uint32("dawdle.session", "Session", base.HEX),
    number = ProtoField.uint32("dawdle.number", "Message"),
    chunk = ProtoField.uint32("dawdle.chunk", "Chunk"),
    chunks = ProtoField.uint32("dawdle.chunks", "Chunks"),
    credit = ProtoField.uint32("dawdle.credit", "Credit"),
    counter = ProtoField.uint64("dawdle.counter", "Counter"),
    time = ProtoField.uint64("dawdle.tx_ns", "Sender's clock, ns"),
    crc = ProtoField.uint32("dawdle.crc", "Checksum (CRC32C)", base.HEX),
    length = ProtoField.uint16("dawdle.length", "Payload bytes"),
    zero = ProtoField.uint16("dawdle.zero", "Zero"),
    payload = ProtoField.bytes("dawdle.payload", "Payload"),
    next = ProtoField.uint32("dawdle.ack.next", "Next message"),
    base = ProtoField.uint32("dawdle.ack.base", "First word"),
    seen = ProtoField.uint32("dawdle.ack.seen", "Highest counter seen"),
    cut = ProtoField.uint32("dawdle.ack.flags", "Flags of the ACK", base.HEX),
    probe = ProtoField.uint64("dawdle.ack.probe", "Probe answered"),
    echo = ProtoField.uint64("dawdle.ack.echo", "Time of the latest frame, ns"),
    held = ProtoField.uint64("dawdle.ack.held", "Held for, ns"),
    bits = ProtoField.bytes("dawdle.ack.bits", "Chunks that came"),
    asked = ProtoField.uint64("dawdle.echo.asked", "Asked at, ns"),
    received = ProtoField.uint64("dawdle.echo.received", "Received at, ns"),
    accepted = ProtoField.uint64("dawdle.bye.received", "Frames received"),
    heard = ProtoField.uint8("dawdle.bye.heard", "Has a BYE of the other end"),
    hello_bytes = ProtoField.uint16("dawdle.hello.bytes", "Fields, bytes"),
    seal = ProtoField.uint8("dawdle.hello.seal", "Seal"),
    step = ProtoField.uint8("dawdle.hello.step", "Step", base.DEC, { [0] = "asks", [1] = "agreed" }),
    asks = ProtoField.uint32("dawdle.hello.payload", "Payload asked for"),
}
local odd = ProtoExpert.new("dawdle.fault", "Malformed frame", expert.group.MALFORMED, expert.severity.ERROR)
local wrong = ProtoExpert.new("dawdle.checksum_bad", "Wrong checksum", expert.group.CHECKSUM, expert.severity.ERROR)
dawdle.fields, dawdle.experts = f, { odd, wrong }

-- Bits by arithmetic where Lua has a library for them (5.2), by operators where it has none (5.4).
local xor, band, shift
if bit32 then
    xor, band, shift = bit32.bxor, bit32.band, bit32.rshift
else
    xor, band, shift = load("return function(a, b) return a ~ b end")(), load("return function(a, b) return a & b end")(),
        load("return function(a, n) return a >> n end")()
end
local sums = {}
for byte = 0, 255 do
    local sum = byte
    for _ = 1, 8 do
        sum = band(sum, 1) == 1 and xor(shift(sum, 1), 0x82f63b78) or shift(sum, 1)
    end
    sums[byte] = sum
end

-- Of the whole frame, with the checksum itself taken as 0.
local function sum_of(frame)
    local bytes, sum = frame:bytes(), 0xffffffff
    for i = 0, frame:len() - 1 do
        local byte = (i >= 46 and i < 50) and 0 or bytes:get_index(i)
        sum = xor(shift(sum, 8), sums[band(xor(sum, byte), 255)])
    end
    return xor(sum, 0xffffffff)
end

local function show(tree, frame, list)
    for _, field in ipairs(list) do
        tree:add_le(field[1], frame(field[2], field[3]))
    end
end

-- What each type has behind its header, from the header's end, and at least how many bytes.
local layout = {
    HELLO = { 12, { { f.hello_bytes, 0, 2 }, { f.seal, 2, 1 }, { f.step, 3, 1 }, { f.asks, 4, 4 } } },
    ACK = { 40, { { f.next, 0, 4 }, { f.base, 4, 4 }, { f.seen, 8, 4 }, { f.cut, 12, 4 }, { f.probe, 16, 8 },
        { f.echo, 24, 8 }, { f.held, 32, 8 } } },
    ECHO = { 16, { { f.asked, 0, 8 }, { f.received, 8, 8 } } },
    BYE = { 16, { { f.accepted, 0, 8 }, { f.heard, 8, 1 } } },
    DATA = { 0, {} },
    PROBE = { 0, {} },
}
layout.HELLO_ACK = layout.HELLO

local function show_payload(tree, payload, kind)
    local least, list = layout[kind][1], layout[kind][2]
    if payload:len() < least then
        return tree:add_proto_expert_info(odd, kind .. " is too short")
    end
    show(tree, payload, list)
    if kind == "ACK" and payload:len() > least then
        tree:add(f.bits, payload(least))
    elseif kind == "DATA" then
        tree:add(f.payload, payload)
    end
end

local function fault_of(frame, kind)
    local length, chunk, chunks = frame(50, 2):le_uint(), frame(18, 4):le_uint(), frame(22, 4):le_uint()
    if frame(5, 1):uint() ~= HEAD or frame(52, 2):le_uint() ~= 0 or frame(4, 1):uint() > 7 or not kind then
        return "Fields that contradict each other"
    elseif length ~= frame:len() - HEAD then
        return "Length " .. length .. " of " .. frame:len() - HEAD .. " bytes"
    elseif kind == "DATA" and chunk >= chunks then
        return "Chunk " .. chunk .. " of " .. chunks
    end
end

function dawdle.dissector(buffer, packet, root)
    local frame = buffer()
    local kind = kinds[frame(3, 1):uint()]
    local tree = root:add(dawdle, frame)
    packet.cols.protocol = "Dawdle"
    show(tree, frame, { { f.version, 2, 1 }, { f.kind, 3, 1 }, { f.flags, 4, 1 }, { f.last, 4, 1 }, { f.resent, 4, 1 },
        { f.keyphase, 4, 1 }, { f.head, 5, 1 }, { f.from, 6, 2 }, { f.stream, 8, 2 }, { f.session, 10, 4 },
        { f.number, 14, 4 }, { f.chunk, 18, 4 }, { f.chunks, 22, 4 }, { f.credit, 26, 4 }, { f.counter, 30, 8 },
        { f.time, 38, 8 }, { f.crc, 46, 4 }, { f.length, 50, 2 }, { f.zero, 52, 2 } })
    local fault = fault_of(frame, kind)
    if fault then
        tree:add_proto_expert_info(odd, fault)
    elseif frame:len() > HEAD then
        show_payload(tree, frame(HEAD), kind)
    elseif layout[kind][1] > 0 then
        tree:add_proto_expert_info(odd, kind .. " without payload")
    end
    local sum = frame(46, 4):le_uint()
    if sum ~= 0 and sum ~= sum_of(frame) then
        tree:add_proto_expert_info(wrong, string.format("Wrong checksum: %08x is right", sum_of(frame)))
    end
    packet.cols.info = string.format("%s from %d, stream %d, message %d, chunk %d of %d, counter %s", kind or "?",
        frame(6, 2):le_uint(), frame(8, 2):le_uint(), frame(14, 4):le_uint(), frame(18, 4):le_uint(),
        frame(22, 4):le_uint(), tostring(frame(30, 8):le_uint64()))
end

-- "DW" and a version that this file knows.
dawdle:register_heuristic("udp", function(buffer, packet, root)
    if buffer:len() < HEAD or buffer(0, 2):le_uint() ~= 0x5744 or buffer(2, 1):uint() ~= 1 then
        return false
    end
    dawdle.dissector(buffer, packet, root)
    return true
end)
