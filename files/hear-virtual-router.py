# INTERFACE OWN ROUTER: prints who else speaks for that virtual router there, in two of its usual seconds.
# It listens before the packet filter does, and runs on whichever Python a host's package manager has, 2.7 too.
import socket
import sys
import time

interface, own, router = sys.argv[1:]
VRRP, SECONDS = 112, 2.5
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
packets.bind((interface, 0x0800))
member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group = socket.inet_aton("224.0.0.18") + socket.inet_aton(own)
member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
heard = set()
end = time.time() + SECONDS
while time.time() < end:
    packets.settimeout(max(end - time.time(), 0.01))
    try:
        packet = bytearray(packets.recv(256))
    except socket.timeout:  # noqa: UP041 -- what it is called in 2.7
        break
    begin = (packet[0] & 15) * 4
    if packet[9] == VRRP and len(packet) > begin + 1 and packet[begin + 1] == int(router):
        heard.add(socket.inet_ntoa(bytes(packet[12:16])))
print("virtual listened")
for source in sorted(heard):
    print("virtual_router " + source)
