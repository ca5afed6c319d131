"""Ctrl-C while a labeling function waits for a language model."""

import signal
import subprocess
import sys
import time

from tests.llm.server import LLMServer


def test_ctrl_c_does_not_wait_for_replies(tmp_path):
    with LLMServer(slow=30) as server:
        server.script = [""] + ["slow"] * 100
        (tmp_path / "pack.py").write_text(
            "from weaklabel import keyword_lf, llm_lf\nLABELS = ('ham', 'spam')\n"
            f"tiny = llm_lf('tiny', LABELS, endpoint='{server.url}', model='tiny')\n"
            "prize = keyword_lf('prize', 1, ['prize'])\n"
        )
        (tmp_path / "corpus.csv").write_text("text\n" + "".join(f"text number {i}\n" for i in range(50)))
        words = [sys.executable, "-m", "weaklabel", "label", "corpus.csv", "--lfs", "./pack.py", "-o", "out.csv"]
        process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while server.requests < 5:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert time.monotonic() - began < 20  # a second, but the machine may be busy; replies take 30
        assert process.returncode != 0
        assert "Traceback" not in err
