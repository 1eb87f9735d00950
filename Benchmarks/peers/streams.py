"""A straightforward Python pipeline and plain GStreamer decoding beside ours, in one run.

    python3 -m venv venv && venv/bin/pip install -r Benchmarks/peers/requirements-streams.txt
    venv/bin/python Benchmarks/peers/streams.py --program .build/release/throughline --seconds 30 CLIP.mp4 ...

Four measurements, one after the other, of the same clips in a loop:

* `gst-launch-1.0` that only decodes, one thread per clip, as fast as it can: processor time per frame;
* OpenCV capture, the same person, face and re-ID networks through `openvino`, ByteTrack of the package `trackers`
  (Roboflow, Apache-2.0), heads and faces blurred by OpenCV: one thread per camera, detection on every frame, a crop of
  each track twice a second, reading as fast as it can;
* `throughline run --offline`, which looks at every frame too, and reads as fast as it can;
* `throughline bench streams`, which plays in real time, looks at as many frames as there is time for and covers the others
  by what was found around them.

Prints frames per second of all cameras, processor time per frame, and how many frames each makes of one second of
processor time.
"""

import argparse
import glob
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

CACHE = os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "~/.cache")) + "/throughline/models"
PERSON = "yolox-nano"
FACE = "yunet-2023mar"
REID = "throughline-reid-s"


def model_file(name):
    files = sorted(glob.glob(f"{CACHE}/{name}/*.onnx") + glob.glob(f"{CACHE}/{name}/*.xml"))
    if not files:
        sys.exit(f"streams.py: there is no model {name}; get it with 'throughline models fetch {name}'")
    return files[0]


def decode_only(clips):
    """Frames and processor seconds of plain GStreamer command lines."""
    import cv2

    frames, began = 0, resource.getrusage(resource.RUSAGE_CHILDREN)
    for clip in clips:
        line = ["gst-launch-1.0", "-q", "filesrc", f"location={clip}", "!", "qtdemux", "!", "h264parse", "!",
                "avdec_h264", "max-threads=1", "!", "fakesink", "sync=false"]
        subprocess.run(line, check=True)
        frames += int(cv2.VideoCapture(clip).get(cv2.CAP_PROP_FRAME_COUNT))
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return frames, used


def letterbox(cv2, np, frame, width=640, height=384):
    scale = min(width / frame.shape[1], height / frame.shape[0])
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    canvas = np.full((height, width, 3), 114, np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top:top + size[1], left:left + size[0]] = cv2.resize(frame, size)
    return canvas.transpose(2, 0, 1)[None].astype(np.float32), scale, left, top


def persons(np, output, floor=0.15, width=640, height=384):
    """Rows of left, top, right, bottom and score in network pixels, as YOLOX's output says them."""
    grids, strides = [], []
    for stride in (8, 16, 32):
        y, x = np.mgrid[:height // stride, :width // stride]
        grids.append(np.stack([x.ravel(), y.ravel()], 1))
        strides.append(np.full(x.size, stride))
    score = output[:, 4] * output[:, 5]
    good = score > floor
    grid, stride = np.concatenate(grids)[good], np.concatenate(strides)[good][:, None]
    centre, half = (output[good, :2] + grid) * stride, np.exp(output[good, 2:4]) * stride / 2
    return np.hstack([centre - half, centre + half, score[good, None]])


def faces(np, outputs, floor=0.5):
    found = []
    for stride in (8, 16, 32):
        score = np.sqrt(np.clip(outputs[f"cls_{stride}"].ravel(), 0, 1) * np.clip(outputs[f"obj_{stride}"].ravel(), 0, 1))
        boxes = outputs[f"bbox_{stride}"].reshape(-1, 4)
        for cell in np.nonzero(score > floor)[0]:
            x, y = (cell % (640 // stride) + boxes[cell, 0]) * stride, (cell // (640 // stride) + boxes[cell, 1]) * stride
            w, h = np.exp(boxes[cell, 2]) * stride, np.exp(boxes[cell, 3]) * stride
            found.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return found


class Camera(threading.Thread):
    def __init__(self, clip, networks, until):
        super().__init__(daemon=True)
        self.clip, self.networks, self.until, self.frames = clip, networks, until, 0

    def run(self):
        import cv2
        import numpy as np
        import supervision
        from trackers import ByteTrackTracker

        person, face, reid = (network.create_infer_request() for network in self.networks)
        tracker = ByteTrackTracker(frame_rate=30, track_activation_threshold=0.5, high_conf_det_threshold=0.4,
                                   minimum_consecutive_frames=2)
        capture, looked = cv2.VideoCapture(self.clip), {}
        while time.monotonic() < self.until:
            good, frame = capture.read()
            if not good:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
                continue
            tensor, scale, left, top = letterbox(cv2, np, frame)
            rows = persons(np, next(iter(person.infer([tensor]).values()))[0])
            boxes = (rows[:, :4] - [left, top, left, top]) / scale
            keep = cv2.dnn.NMSBoxes(
                [(b[0], b[1], b[2] - b[0], b[3] - b[1]) for b in boxes.tolist()], rows[:, 4].tolist(), 0.15, 0.6)
            keep = np.array(keep, int).ravel()
            result = face.infer([tensor])
            outputs = {name: value for port, value in result.items() for name in port.names}
            heads = [tuple((np.array(f) - [left, top, left, top]) / scale) for f in faces(np, outputs)]
            tracks = tracker.update(supervision.Detections(
                xyxy=boxes[keep].astype(np.float32), confidence=rows[keep, 4], class_id=np.zeros(len(keep), int)))
            now = self.frames / 30
            for box, identity in zip(tracks.xyxy, tracks.tracker_id if tracks.tracker_id is not None else []):
                x0, y0, x1, y1 = (int(max(0, v)) for v in box)
                heads.append((x0, y0, x1, y0 + (y1 - y0) // 6))
                if identity >= 0 and now - looked.get(identity, -1) >= 0.5 and x1 > x0 and y1 > y0:
                    looked[identity] = now
                    crop = cv2.cvtColor(cv2.resize(frame[y0:y1, x0:x1], (64, 128)), cv2.COLOR_BGR2RGB)
                    crop = (crop.astype(np.float32) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
                    reid.infer([crop.transpose(2, 0, 1)[None].astype(np.float32)])
            for head in heads:
                x0, y0, x1, y1 = (int(max(0, v)) for v in head)
                if x1 > x0 and y1 > y0:
                    part = frame[y0:y1, x0:x1]
                    size = max(3, (x1 - x0) // 2 | 1)
                    frame[y0:y1, x0:x1] = cv2.GaussianBlur(part, (size, size), 0)
            self.frames += 1


def python_pipeline(clips, seconds):
    import cv2
    import openvino

    cv2.setNumThreads(1)
    core = openvino.Core()
    networks = []
    for name in (PERSON, FACE, REID):
        model = core.read_model(model_file(name))
        if name in (PERSON, FACE):
            model.reshape([1, 3, 384, 640])
        elif name == REID:
            model.reshape([1, 3, 128, 64])
        networks.append(core.compile_model(model, "CPU", {
            "NUM_STREAMS": 2, "INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32"}))
    began, used = time.monotonic(), time.process_time()
    cameras = [Camera(clip, networks, began + seconds) for clip in clips]
    for camera in cameras:
        camera.start()
    for camera in cameras:
        camera.join()
    return sum(camera.frames for camera in cameras), time.process_time() - used, time.monotonic() - began


def every_frame(program, clips, seconds):
    """Ours, with the detectors on every frame, for so many seconds: frames, processor seconds, elapsed time."""
    summary = "/tmp/throughline-peers-%d-offline.json" % os.getpid()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.Popen(
        [program, "run", *[f"cam{number}={clip}" for number, clip in enumerate(clips, 1)], "--offline", "--loop", "1000",
         "--tracker.appearance", "ambiguous", "--summary", summary], stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    run.send_signal(signal.SIGINT)
    run.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(summary) as file:
        report = json.load(file)
    os.unlink(summary)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return sum(camera["framesOut"] for camera in report["cameras"]), used, report["elapsed"]


def main():
    parser = argparse.ArgumentParser(description="A Python pipeline and plain decoding beside ours.")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--program", default=".build/release/throughline")
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    rows = []
    frames, used = decode_only(arguments.clips)
    rows.append(("GStreamer, decoding only", None, used / frames))
    frames, used, elapsed = python_pipeline(arguments.clips, arguments.seconds)
    rows.append(("Python pipeline", frames / elapsed, used / max(1, frames)))
    frames, used, elapsed = every_frame(arguments.program, arguments.clips, arguments.seconds)
    rows.append(("throughline, every frame", frames / elapsed, used / max(1, frames)))
    report = "/tmp/throughline-peers-%d.json" % os.getpid()
    subprocess.run(
        [arguments.program, "bench", "streams", *arguments.clips, "--seconds", str(arguments.seconds), "--json", report,
         "--inference.precision", "f32"],
        check=True, stdout=subprocess.DEVNULL)
    with open(report) as file:
        ours = json.load(file)
    os.unlink(report)
    frames = sum(camera["framesOut"] for camera in ours["cameras"])
    rows.append(("throughline, real time", frames / ours["elapsed"], ours["processorTime"] / max(1, frames)))
    print(f"{'':28}{'FPS, all':>10}{'CPU ms/frame':>14}{'frames/CPU s':>14}")
    for name, rate, cost in rows:
        print(f"{name:28}{'' if rate is None else f'{rate:.1f}':>10}{cost * 1000:>14.1f}{1 / cost:>14.1f}")
    print(f"ours / Python, frames per second: every frame {rows[2][1] / rows[1][1]:.2f}, real time {rows[3][1] / rows[1][1]:.2f}")


if __name__ == "__main__":
    main()
