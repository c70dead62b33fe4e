# Debian packages whose programs (or, where there is none, files) the tests need; sourced by script/test.

declare -A program_of=(
  [snmpd]=snmpd [snmp]=snmpget [openssh-server]=sshd [openssh-client]=ssh-keygen [frr]=vtysh
  [chromium]=chromium [zstd]=zstd [unzip]=unzip [systemd]=systemd-analyze
  [dnf]=dnf [rpm]=rpmbuild [createrepo-c]=createrepo_c [podman]=podman
  [borgbackup]=borg [restic]=restic [postgresql]=pg_ctlcluster [chrony]=chronyd
  [openssl]=openssl [golang-go]=go [golang-golang-x-mod-dev]=/usr/share/gocode/src/golang.org/x/mod/sumdb/note/note.go
  [tcpdump]=tcpdump [faketime]=faketime [age]=age [libsnmp-info-perl]=/usr/share/perl5/SNMP/Info.pm
  [radosgw]=radosgw [ceph-mon]=ceph-mon [ceph-osd]=ceph-osd [ceph-mgr]=ceph-mgr [ceph-common]=ceph
)
declare -A tests_of=(
  [snmpd]="SNMP against net-snmp's agent"
  [snmp]="SNMP answers compared with net-snmp's own client"
  [libsnmp-info-perl]="what identifying a device costs beside SNMP::Info"
  [openssh-server]="SSH to a real sshd"
  [openssh-client]="host keys, and signatures checked with ssh-keygen"
  [frr]="a real router: FRR's vtysh behind sshd"
  [chromium]="the report in a browser and on paper, and verify.html"
  [systemd]="systemd's own check of the units that are printed"
  [restic]="backups and restore tests by restic"
  [dnf]="missing updates of the RHEL family"
  [rpm]="packages of the RHEL family"
  [createrepo-c]="a repository of the RHEL family"
  [borgbackup]="backups and restore tests by borg"
  [podman]="containers and their images"
  [postgresql]="dumps of a database seen as backups"
  [chrony]="the state of the clock as chronyc prints it"
  [faketime]="years of nights, and clocks that are wrong"
  [openssl]="time stamps by a real authority, and checked by another program"
  [golang-go]="checkpoints, roots and cosignatures by Go"
  [golang-golang-x-mod-dev]="Go's own reader of signed notes and transparency logs"
  [tcpdump]="the action log against an independent capture"
  [age]="encrypted originals opened by the age program"
  [zstd]="blobs read by the zstd program"
  [radosgw]="a store in S3: Ceph RGW with Object Lock"
  [ceph-mon]="a store in S3: Ceph RGW's monitor"
  [ceph-osd]="a store in S3: Ceph RGW's disk"
  [ceph-mgr]="a store in S3: Ceph RGW's manager"
  [ceph-common]="a store in S3: Ceph RGW's tools"
  [unzip]="bundles read by unzip and zipinfo"
)
missing=()

find_missing() {
  local package
  missing=()
  for package in $(printf '%s\n' "${!program_of[@]}" | sort); do
    PATH=$PATH:/usr/sbin:/usr/lib/frr command -v "${program_of[$package]}" >/dev/null ||
      [ -e "${program_of[$package]}" ] || missing+=("$package")
  done
}

# Install what is missing where root's rights are at hand; leave the names of the rest in `missing`.
install_packages() {
  local as_root=() package
  find_missing
  [ ${#missing[@]} -eq 0 ] && return
  if ! command -v apt-get >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || return
    as_root=(sudo -n)
  fi
  say "installing ${missing[*]}"
  # The tests start their own daemons; the packages shall start none.
  local policy=/usr/sbin/policy-rc.d made_policy=
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null && "${as_root[@]}" chmod 755 $policy && made_policy=yes
  fi
  "${as_root[@]}" apt-get update -qq >&2 || true
  for package in "${missing[@]}"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
      say "could not install $package"
  done
  [ -n "$made_policy" ] && "${as_root[@]}" rm -f $policy
  find_missing
}
