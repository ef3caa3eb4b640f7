"""The project's own detector, alibi-detect's Kolmogorov-Smirnov test, in a real monitor process."""

import json

import numpy as np

NAMES = [f"m{column}" for column in range(30)]


async def test_ks_drift_is_quiet_on_the_reference_and_loud_on_a_shift(client, start_monitor, until, tmp_path):
    random = np.random.default_rng(7)
    artifact = tmp_path / "artifact"
    (artifact / "data").mkdir(parents=True)
    (artifact / "MLmodel").write_text("flavors: {python_function: {data: data}}")
    np.save(artifact / "data" / "x_ref.npy", random.normal(size=(284, 30)))
    (artifact / "data" / "features.json").write_text(json.dumps(NAMES))

    def state():
        return client.report().detectors["drift"]

    async def send(rows, windows):
        client.offer("drift", rows, NAMES)
        await until(lambda: sum(state().windows.values()) == windows, seconds=60)

    monitor = start_monitor(str(artifact))
    await until(lambda: client.report().connected)
    for window in range(20):
        await send(random.normal(size=(200, 30)), window + 1)
    assert state().windows.get("drift", 0) <= 1
    assert state().verdict == "ok"
    assert round(state().threshold, 6) == 0.000333

    await send(random.normal(size=(200, 30)) + np.eye(30)[4], 21)
    assert (state().verdict, state().features) == ("drift", ("m4",))

    rows = random.normal(size=(200, 30))
    rows[17, 9] = np.nan
    await send(rows, 22)
    assert (state().verdict, state().missing["m9"]) == ("blind", 0.005)

    await send(random.normal(size=(200, 29)), 23)
    assert (state().verdict, state().reason) == ("blind", "rows have 29 values, 30 are expected")

    monitor.terminate()
    await until(lambda: monitor.poll() is not None, seconds=2)
    assert monitor.returncode == 0
    assert monitor.stderr.read() == b""
