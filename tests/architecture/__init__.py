"""The shape of the code, tested: who may import whom, where each thing has its one home, how things are written."""
