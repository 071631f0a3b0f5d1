# cards: e1000e
# timeout: 400
# short: no
# Our own commands run in the guest, JNA and Chronicle included: two modelled cards within one process.
netmap4j demo -n 500
