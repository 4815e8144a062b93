#!/usr/bin/env python3
"""llama.cpp's server out of the xllamacpp wheel, for processors without the AVX-512 of the binary.

    llama_wheel_server.py MODEL.gguf PORT SLOTS CONTEXT [--no-cache-prompt] [--cache-ram MIB]
"""
import argparse
import signal

import xllamacpp

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("port", type=int)
parser.add_argument("slots", type=int)
parser.add_argument("context", type=int)
parser.add_argument("--no-cache-prompt", action="store_true")
parser.add_argument("--cache-ram", type=int, default=8192)
given = parser.parse_args()

params = xllamacpp.CommonParams()
params.model.path = given.model
params.model_alias = {"tiny"}
params.hostnames = ["127.0.0.1"]
params.port = given.port
params.n_parallel = given.slots
params.n_ctx = given.slots * given.context
params.kv_unified = False
params.cpuparams.n_threads = 2
params.cpuparams_batch.n_threads = 2
params.cache_prompt = not given.no_cache_prompt
params.cache_ram_mib = given.cache_ram
params.endpoint_metrics = True
params.endpoint_slots = True
params.ui = False
server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.pause()
