# runs: host
# timeout: 150
# Debian's iPXE on an 82599: its driver is others' reading of the datasheet.
. vm/ipxe.sh
ipxe_boots 10fb 82599-sfp
