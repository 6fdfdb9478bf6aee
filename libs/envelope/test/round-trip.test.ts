import { describe, expect, it } from "@jest/globals";
import { ContentType, openEnvelope, sealEnvelope, Stage } from "@cloister/envelope";
import { BACKENDS, header, NOW_MS, party, SUITES, utf8 } from "./fixtures.ts";

describe.each(SUITES)("suite %s", (suite) => {
  describe.each(BACKENDS)("sealed with $name", (sealing) => {
    const sender = party(sealing, 1);
    const payload = utf8("What is the refund period?");

    it.each(BACKENDS)("opens with $name under a wrap key", (opening) => {
      const { bytes } = sealEnvelope(sealing, { header: header({ suite }), payload, recipients: [sender.wrap] });

      const opened = openEnvelope(opening, bytes, { keys: [party(opening, 1).wrap], signer: "none", nowMs: NOW_MS });

      expect(opened.payload).toEqual(payload);
      expect(opened.header).toEqual(header({ suite }));
    });

    it.each(BACKENDS)("opens with $name under each recipient's key when signed", (opening) => {
      const recipients = [sender.kemPublic, party(sealing, 2).wrap, party(sealing, 3).kemPublic];
      const request = { header: header({ suite }), payload, recipients, signer: sender.signing };
      const { bytes } = sealEnvelope(sealing, request);
      const signer = party(opening, 1).verifying;

      for (const key of [party(opening, 1).kemPrivate, party(opening, 2).wrap, party(opening, 3).kemPrivate]) {
        const opened = openEnvelope(opening, bytes, { keys: [key], signer, nowMs: NOW_MS });
        expect(opened.payload).toEqual(payload);
      }
    });

    it.each(BACKENDS)("streams cells to $name", (opening) => {
      const streamHeader = header({ suite, stage: Stage.STREAM, contentType: ContentType.STREAM_OPENING });
      const request = {
        header: streamHeader,
        payload: utf8(""),
        recipients: [sender.kemPublic],
        signer: sender.signing,
      };
      const { bytes, stream } = sealEnvelope(sealing, { ...request, stream: true });
      const frames = [stream.seal(utf8("Thirty")), stream.seal(utf8("")), stream.seal(utf8(" days."), true)];
      const reader = party(opening, 1);
      const keys = [reader.kemPrivate];

      const opened = openEnvelope(opening, bytes, { keys, signer: reader.verifying, nowMs: NOW_MS, stream: true });

      const texts = frames.map((frame) => new TextDecoder().decode(opened.stream.open(frame).text));
      opened.stream.end();
      expect(texts).toEqual(["Thirty", "", " days."]);
    });
  });
});
