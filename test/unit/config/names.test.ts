import { describe, expect, it } from 'vitest';
import { noEffect } from '../../../src/config/no-effect.js';
import { resolveName } from '../../../src/config/names.js';
import { optionNames } from '../../../src/config/options.js';

describe('resolveName', () => {
  it.each([
    ['port', 'port'],
    ['NotebookApp.port', 'port'],
    ['ServerApp.port', 'port'],
    ['hashed_password', 'password'],
    ['ServerApp.password', 'password'],
    ['IdentityProvider.hashed_password', 'password'],
    ['PasswordIdentityProvider.hashed_password', 'password'],
    ['IdentityProvider.token', 'token'],
    ['root_dir', 'notebook_dir'],
    ['ServerApp.root_dir', 'notebook_dir'],
    ['FileNotebookManager.notebook_dir', 'notebook_dir'],
    ['FileContentsManager.root_dir', 'notebook_dir'],
    ['NotebookApp.webapp_settings', 'webapp_settings'],
    ['ServerApp.tornado_settings', 'webapp_settings'],
    ['ContentsManager.allow_hidden', 'allow_hidden'],
    ['MultiKernelManager.default_kernel_name', 'default_kernel_name'],
    ['KernelSpecManager.allowed_kernelspecs', 'allowed_kernelspecs'],
    ['KernelSpecManager.whitelist', 'allowed_kernelspecs'],
    ['Application.log_level', 'log_level'],
    ['AsyncMappingKernelManager.cull_interval', 'cull_interval'],
    ['KernelManager.transport', 'transport'],
  ])('%s is %s', (written, name) => {
    expect(resolveName(written)).toEqual({ kind: 'option', name });
  });

  it.each([
    'allow_remote_access',
    'ServerApp.allow_remote_access',
    'NotebookApp.mathjax_url',
    'ServerApp.jpserver_extensions',
    'MappingKernelManager.buffer_offline_messages',
    'AsyncMappingKernelManager.buffer_offline_messages',
    'ContentsManager.hide_globs',
  ])('%s is known and has no effect', (written) => {
    expect(resolveName(written)).toMatchObject({
      kind: 'no effect',
      why: expect.stringMatching(/\w/) as string,
    });
  });

  it.each([
    ['client_ca', /proxy/],
    ['ServerApp.client_ca', /proxy/],
    ['NotebookApp.client_ca', /proxy/],
    ['gateway_url', /kernels run on this computer/],
    ['GatewayClient.url', /kernels run on this computer/],
  ])('%s is refused', (written, why) => {
    expect(resolveName(written)).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(why) as string,
    });
  });

  it.each([
    ['NotebookManager', 'bucket'],
    ['SwiftNotebookManager', 'container'],
    ['S3ContentsManager', 'bucket'],
  ])('%s.%s is for the store', (section, key) => {
    expect(resolveName(`${section}.${key}`)).toEqual({ kind: 'store', section, key });
  });

  it.each([
    ['prot', 'port'],
    ['bse_url', 'base_url'],
    ['base_ulr', 'base_url'],
    ['NotebookApp.prot', 'NotebookApp.port'],
    ['ServerApp.base_ur', 'ServerApp.base_url'],
    ['NotebokApp.port', 'NotebookApp.port'],
    ['FileNotebookManger.allow_hidden', 'FileNotebookManager.allow_hidden'],
    ['FileNotebooksManager.allow_hidden', 'FileNotebookManager.allow_hidden'],
    ['Portt', 'port'],
    ['xyzzy_frobnicate', undefined],
    ['x', undefined],
    ['constructor', undefined],
    ['toString.x', undefined],
  ])('%s is unknown; the nearest is %s', (written, nearest) => {
    expect(resolveName(written)).toEqual({ kind: 'unknown', nearest });
  });

  it('never says that an option has no effect', () => {
    expect(optionNames.filter((name) => noEffect.has(name))).toEqual([]);
    for (const name of noEffect.keys()) expect(resolveName(name).kind).toBe('no effect');
  });
});
