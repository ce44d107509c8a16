import { missingPackages, otherMachinesPackages, tracerBuildPackages } from '../../lab/system-packages.ts'

/**
 * What of it is not installed: `npm test` installs it, `npm run test:unit` alone need not find it. In CI it has to be
 * there, and what needs it fails without it.
 */
const missing = async (packages: typeof tracerBuildPackages): Promise<string> =>
  process.env.CI ? '' : (await missingPackages(packages)).join(', ')

/** What is missing to build the tracer. */
export const missingToBuild = await missing(tracerBuildPackages)

/** What is missing to build its BPF object for other machines, and to look into their kernels. */
export const missingForOthers = await missing([...tracerBuildPackages, ...otherMachinesPackages])
