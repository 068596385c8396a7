#!/usr/bin/python3
"""Two GStreamer webrtcbin ends (libnice) in one process that talk through a relay only.

usage: webrtcbin.py turn://USER:PASSWORD@HOST:PORT?transport=udp

Needs the system's python3-gst-1.0. Prints one JSON object: the kinds of the candidates, echoes over
a data channel, and packets of audio. It says what happened; the scenario judges.
"""

import json
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

MESSAGES = 50
AUDIO_PACKETS = 25
SECONDS_MAX = 15

CALLER = ("webrtcbin name=end bundle-policy=max-bundle audiotestsrc is-live=true ! audioconvert"
          " ! opusenc ! rtpopuspay pt=97 ! application/x-rtp,media=audio,encoding-name=OPUS,"
          "payload=97 ! end.")


class Conversation:
    """Both ends, and what came of them."""

    def __init__(self, url):
        self.loop = GLib.MainLoop()
        self.types, self.echoes, self.audio = [], 0, 0
        # pygobject frees descriptions and promises that GStreamer still uses: they are kept here.
        self.kept = []
        self.pipelines = [Gst.parse_launch(CALLER), Gst.Pipeline()]
        self.caller = self.pipelines[0].get_by_name("end")
        self.callee = Gst.ElementFactory.make("webrtcbin", "end")
        self.callee.set_property("bundle-policy", "max-bundle")
        self.pipelines[1].add(self.callee)
        for end, other in ((self.caller, self.callee), (self.callee, self.caller)):
            end.set_property("ice-transport-policy", "relay")
            if not end.emit("add-turn-server", url):
                raise ValueError(f"webrtcbin does not take {url}")
            end.connect("on-ice-candidate", self.candidate, other)
        self.callee.connect("pad-added", self.audio_comes)
        self.callee.connect("on-data-channel", lambda _, channel: channel.connect(
            "on-message-string", lambda same, text: same.emit("send-string", text)))
        self.caller.connect("on-negotiation-needed", self.negotiate)

    def candidate(self, _, line, text, other):
        """Trickled, in the main loop: the call comes from another thread."""
        self.types.append(text.split(" typ ")[1].split()[0])
        GLib.idle_add(lambda: other.emit("add-ice-candidate", line, text) and False)

    def audio_comes(self, _, pad):
        """Counts the packets of the stream that the other end sends."""
        if pad.direction != Gst.PadDirection.SRC:
            return
        sink = Gst.ElementFactory.make("fakesink")
        for name, value in (("signal-handoffs", True), ("async", False), ("sync", False)):
            sink.set_property(name, value)
        sink.connect("handoff", self.audio_came)
        self.pipelines[1].add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def audio_came(self, *_):
        self.audio += 1

    def echo_came(self, _, text):
        self.echoes += text == f"message {self.echoes}"

    def open_channel(self):
        """Sends everything as soon as it is open."""
        channel = self.caller.emit("create-data-channel", "interop", None)
        channel.connect("on-open", lambda same: [
            same.emit("send-string", f"message {number}") for number in range(MESSAGES)])
        channel.connect("on-message-string", self.echo_came)

    def describe(self, end, side, kind, text, then=None):
        """Gives an end a description, made anew from its text."""
        _, message = GstSdp.SDPMessage.new()
        GstSdp.sdp_message_parse_buffer(text.encode(), message)
        description = GstWebRTC.WebRTCSessionDescription.new(
            getattr(GstWebRTC.WebRTCSDPType, kind.upper()), message)
        promise = Gst.Promise.new_with_change_func(lambda *_: then and then())
        self.kept += [message, description, promise]
        end.emit(f"set-{side}-description", description, promise)

    def create(self, end, kind, then):
        """Has an end make an offer or an answer, and hands its text on in the main loop."""
        def made(promise, *_):
            promise.wait()
            # Each owns what the next one points into, so each needs a name.
            reply = promise.get_reply()
            description = reply[kind]
            text = description.sdp.as_text()
            GLib.idle_add(lambda: then(text) and False)

        promise = Gst.Promise.new_with_change_func(made, None, None)
        self.kept.append(promise)
        end.emit(f"create-{kind}", None, promise)

    def negotiate(self, *_):
        """Offer and answer."""
        def offered(text):
            self.describe(self.caller, "local", "offer", text)
            self.describe(self.callee, "remote", "offer", text,
                          lambda: self.create(self.callee, "answer", answered))

        def answered(text):
            self.describe(self.callee, "local", "answer", text)
            self.describe(self.caller, "remote", "answer", text)

        self.create(self.caller, "offer", offered)

    def run(self):
        """Until all came or the time is up."""
        self.pipelines[0].set_state(Gst.State.READY)
        self.pipelines[1].set_state(Gst.State.PLAYING)
        self.open_channel()
        self.pipelines[0].set_state(Gst.State.PLAYING)
        GLib.timeout_add(SECONDS_MAX * 1000, self.loop.quit)
        GLib.timeout_add(100, self.is_unfinished)
        self.loop.run()

    def is_unfinished(self):
        if self.echoes >= MESSAGES and self.audio >= AUDIO_PACKETS:
            self.loop.quit()
        return self.loop.is_running()


def main():
    Gst.init(None)
    conversation = Conversation(sys.argv[1])
    conversation.run()
    print(json.dumps({"types": sorted(set(conversation.types)), "echoes": conversation.echoes,
                      "audio": conversation.audio}), flush=True)
    # Taking the pipelines down can hang in libnice; what was to be said has been said.
    os._exit(0)


if __name__ == "__main__":
    main()
