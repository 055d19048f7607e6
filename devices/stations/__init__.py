"""What stations of the water and environment agencies speak over TCP: frames, their parts, and what is answered.

Pure: no clock, no network, no store. The codecs of `devices/codecs` read what is in a frame; `ingest/stations.py` takes
frames from the wire and answers them.
"""
