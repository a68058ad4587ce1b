#!/bin/bash
# dress.sh ROOT TREE...: make the Debian rootfs at ROOT look like Enterprise Linux, then copy each TREE over it.
#
# dress-el7.sh and dress-el8.sh do the same and then what differs.
# Programs and files that only Debian has are removed, so that nothing can come to depend on them.
set -euo pipefail
root=$1
shift
cd "$root"

python_programs() { grep -lE '^#! ?/usr/bin/(env )?python3' usr/bin/* usr/sbin/* usr/libexec/* 2>/dev/null || true; }
perl_programs() { grep -lE '^#! ?/usr/bin/(env )?perl' usr/bin/* usr/sbin/* 2>/dev/null || true; }

# --- only Debian's
rm -rf etc/apt etc/dpkg etc/debian_version etc/issue etc/issue.net etc/motd etc/update-motd.d etc/os-release etc/perl \
    var/lib/{apt,dpkg} var/cache/{apt,debconf} usr/lib/{apt,dpkg} usr/lib/sysctl.d/* etc/sysctl.d/README.sysctl etc/ssh/ssh_host_* etc/hostname etc/sudoers.d/README \
    etc/cron.d etc/cron.daily etc/init.d etc/rc*.d usr/share/bug
rm -f usr/bin/{apt*,dpkg*,deb-*,debconf*,ucf*,sensible-*,select-editor,tempfile} \
    usr/sbin/{dpkg*,invoke-rc.d,start-stop-daemon,addgroup,adduser,delgroup,deluser}
rm -f usr/bin/{pdb3*,py3*,pydoc3*,pygettext3*,jsonschema,routel,sqlite3} \
    usr/bin/{rpmbuild,rpmspec,rpmsign,gendiff,find-debuginfo,debugedit,sepdebugcrcfix}
rm -f usr/lib/systemd/system/{apt-daily*,dpkg-db-backup*,e2scrub*}
find etc/systemd/system \( -name 'apt-*' -o -name 'dpkg-*' -o -name 'e2scrub*' -o -name 'ssh*' -o -name 'chrony*' \) -delete
perl_programs | xargs -r rm -f
rm -rf usr/bin/perl* usr/share/perl* usr/lib/x86_64-linux-gnu/perl*
ln -s useradd usr/sbin/adduser

# --- not on a minimal install
rm -f usr/sbin/*-legacy* usr/sbin/xtables-legacy-multi

# --- names and places
ln -sf bash usr/bin/sh
python_programs | xargs -r sed -i -E '1s,^#! ?/usr/bin/(env )?python3,#!/usr/libexec/platform-python,'
mv usr/bin/python3.11 usr/libexec/platform-python3.11
ln -s platform-python3.11 usr/libexec/platform-python
rm -f usr/bin/python*
mkdir -p usr/libexec/openssh
mv usr/lib/openssh/* usr/libexec/openssh/
rm -f usr/lib/systemd/system/{ssh,ssh@,chrony,chrony-wait,chrony-dnssrv@}.* usr/lib/systemd/system/ssh.socket
rm -rf etc/chrony etc/default/{ssh,chrony}
groupadd --root "$root" --system wheel
sed -i 's/^hosts:.*/hosts:      files dns myhostname/' etc/nsswitch.conf
sed -i '/\/etc\/default\/locale/d' etc/pam.d/*

# --- certificates: one bundle, at Enterprise Linux's path and where Debian's libraries look
rm -rf etc/ssl/certs
mkdir -p etc/ssl etc/pki/tls/certs etc/pki/ca-trust/source/anchors etc/pki/rpm-gpg
ln -s ../pki/tls/certs etc/ssl/certs
ln -s ca-bundle.crt etc/pki/tls/certs/ca-certificates.crt

for tree; do cp -a --no-preserve=ownership "$tree/." .; done
chmod 440 etc/sudoers
sed -i 's/^#\?\s*CREATE_HOME.*//; $a CREATE_HOME yes' etc/login.defs
: >etc/machine-id
mkdir -p -m 700 root/.ssh
mkdir -p var/lib/rpm etc/ssh/sshd_config.d etc/yum.repos.d
systemctl --root "$root" --quiet enable sshd chronyd firewalld
