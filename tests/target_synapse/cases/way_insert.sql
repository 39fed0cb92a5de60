IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [crm].[_sdc_load_ledger] (
  [load_id] nvarchar(64) NULL,
  [run_id] nvarchar(64) NULL,
  [target] nvarchar(600) NULL,
  [content] nvarchar(64) NULL,
  [files] bigint NULL,
  [rows] bigint NULL,
  [committed_at] datetime2(7) NULL,
  [closed_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'crm' AND TABLE_NAME = N'contacts'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[contacts]', N'U') IS NULL CREATE TABLE [crm].[contacts] (
  [id] bigint NULL,
  [text] nvarchar(max) NULL,
  [long] nvarchar(max) NULL,
  [at] datetime2(7) NULL,
  [amount] decimal(38,10) NULL,
  [flag] bit NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60]
GO
CREATE TABLE [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60] (
  [id] bigint NULL,
  [text] nvarchar(max) NULL,
  [long] nvarchar(max) NULL,
  [at] datetime2(7) NULL,
  [amount] decimal(38,10) NULL,
  [flag] bit NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
INSERT INTO [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60] ([id], [text], [long], [at], [amount], [flag], [_sdc_row])
SELECT CAST(NULL AS bigint), CAST(NULL AS nvarchar(max)), CAST(NULL AS nvarchar(max)), CAST(NULL AS datetime2(7)), CAST(NULL AS decimal(38,10)), CAST(NULL AS bit), CAST(1 AS bigint)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=rows table=contacts')
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [crm].[contacts]
FROM [crm].[contacts] INNER JOIN [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60] AS [_sdc_staged] ON [crm].[contacts].[id] = [_sdc_staged].[id]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=contacts')
GO
INSERT INTO [crm].[contacts] ([id], [text], [long], [at], [amount], [flag])
SELECT [_sdc_staged].[id], CAST(CASE WHEN UNICODE([_sdc_staged].[text]) = 57344 THEN SUBSTRING([_sdc_staged].[text], 2, 2147483646) ELSE [_sdc_staged].[text] END AS nvarchar(max)), CAST(CASE WHEN UNICODE([_sdc_staged].[long]) = 57344 THEN SUBSTRING([_sdc_staged].[long], 2, 2147483646) ELSE [_sdc_staged].[long] END AS nvarchar(max)), [_sdc_staged].[at], [_sdc_staged].[amount], [_sdc_staged].[flag]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[id] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=contacts')
GO
INSERT INTO [crm].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[crm].[contacts]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=contacts')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_82ff0dd6_20260102030405_b59e6c60]
GO
UPDATE [crm].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[crm].[contacts]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
