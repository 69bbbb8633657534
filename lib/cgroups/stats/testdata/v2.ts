/**
 * Files of a container's cgroup on a v2 host (Linux 6.1); io.stat, rdma and misc, which had nothing to tell there, as
 * cgroup-v2.rst shows them.
 *
 * @module
 */

/** Texts by file. */
export const FILES: Readonly<Record<string, string>> = {
  "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
  "cpu.stat":
    "usage_usec 6713944\nuser_usec 3906404\nsystem_usec 2807539\nnr_periods 144\nnr_throttled 128\nthrottled_usec 6213822\nnr_bursts 0\nburst_usec 0\n",
  "cpu.pressure":
    "some avg10=17.31 avg60=7.60 avg300=1.84 total=5766228\nfull avg10=17.31 avg60=7.60 avg300=1.84 total=5765964\n",
  "cpuset.cpus.effective": "0-1\n",
  "cpuset.mems.effective": "0\n",
  "memory.current": "8830976\n",
  "memory.peak": "33554432\n",
  "memory.max": "33554432\n",
  "memory.stat":
    "anon 110592\nfile 8433664\nkernel 126976\nkernel_stack 16384\npagetables 32768\nsec_pagetables 0\npercpu 0\nsock 0\nvmalloc 0\nshmem 8388608\nzswap 0\nzswapped 0\nfile_mapped 36864\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\nfile_thp 0\nshmem_thp 0\ninactive_anon 8495104\nactive_anon 4096\ninactive_file 8192\nactive_file 36864\nunevictable 0\nslab_reclaimable 26536\nslab_unreclaimable 23000\nslab 49536\nworkingset_refault_anon 0\nworkingset_refault_file 0\nworkingset_activate_anon 0\nworkingset_activate_file 0\nworkingset_restore_anon 0\nworkingset_restore_file 0\nworkingset_nodereclaim 0\npgscan 22\npgsteal 22\npgscan_kswapd 0\npgscan_direct 22\npgsteal_kswapd 0\npgsteal_direct 22\npgfault 1109\npgmajfault 2\npgrefill 35\npgactivate 30\npgdeactivate 21\npglazyfree 0\npglazyfreed 0\nzswpin 0\nzswpout 0\nthp_fault_alloc 11\nthp_collapse_alloc 0\n",
  "memory.events":
    "low 0\nhigh 0\nmax 38\noom 1\noom_kill 1\noom_group_kill 0\n",
  "memory.swap.current": "0\n",
  "memory.swap.max": "max\n",
  "memory.swap.events": "high 0\nmax 0\nfail 0\n",
  "memory.pressure":
    "some avg10=0.05 avg60=0.08 avg300=0.02 total=87034\nfull avg10=0.05 avg60=0.08 avg300=0.02 total=87034\n",
  "pids.current": "2\n",
  "pids.max": "64\n",
  "io.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
  "hugetlb.2MB.current": "0\n",
  "hugetlb.2MB.events": "max 0\n",
  "hugetlb.2MB.rsvd.current": "0\n",
  "rdma.current":
    "mlx4_0 hca_handle=1 hca_object=20\nocrdma1 hca_handle=1 hca_object=23\n",
  "rdma.max":
    "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n",
  "misc.current": "res_a 3\nres_b 0\n",
  "misc.max": "res_a max\nres_b 4\n",
  "io.stat":
    "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021\n",
};
